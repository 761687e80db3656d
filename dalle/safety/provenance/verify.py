"""Was this picture made here? The signs of origin in a file, and the worth of each.

Files come from strangers: they are bounded before anything is decoded, told apart by their first
bytes and not by their names, and nothing is fetched. EXIF is not looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from dalle.errors import DalleError
from dalle.safety.file_decoder import decode
from dalle.safety.open_image import read_picture_file
from dalle.safety.provenance import former_mark, watermark
from dalle.safety.provenance.c2pa import MIXED_SOURCE_TYPE, SOURCE_TYPE, Manifest, read_manifest
from dalle.safety.provenance.marker import PARAMETERS_CHUNK, RECIPE_CHUNK, VERSION, parse_recipe
from dalle.safety.provenance.watermark import PUBLIC_KEY

NOTHING = "No sign of a machine was found in it, which proves nothing: signs can be lost."
# Texts that other generators write into PNG files.
GENERATORS = {
    PARAMETERS_CHUNK: "AUTOMATIC1111's web UI and programs like it",
    "workflow": "ComfyUI",
    "prompt": "ComfyUI",
    "invokeai_metadata": "InvokeAI",
    "invokeai_graph": "InvokeAI",
    "sd-metadata": "InvokeAI",
    "Dream": "InvokeAI",
    "fooocus_scheme": "Fooocus",
}
# Of programs that name themselves in "Software", those that generate pictures.
GENERATING = ("novelai", "stable diffusion", "comfyui", "invokeai", "midjourney", "dall-e", "dalle")


@dataclass(frozen=True)
class Sign:
    """One kind of sign: whether it is there, its content, its worth."""

    name: str
    found: bool
    says: str
    worth: str
    shows: str = ""  # the conclusion from this sign, in one sentence


@dataclass(frozen=True)
class Report:
    """All signs that were looked for, and the conclusion."""

    signs: tuple[Sign, ...]

    @property
    def found(self) -> bool:
        """Whether anything marks the picture as made by a machine."""
        return any(sign.found for sign in self.signs)

    @property
    def conclusion(self) -> str:
        """A sentence for each found sign: the conclusion, and its ground."""
        return " ".join(sign.shows for sign in self.signs if sign.found) or NOTHING

    def describe(self) -> str:
        """Plain text: the conclusion, then three lines for each sign."""
        lines = [self.conclusion]
        for sign in self.signs:
            lines += ["", f"{sign.name}: {'yes' if sign.found else 'no'}"]
            lines += [f"  {sign.says}", f"  Worth: {sign.worth}"]
        return "\n".join(lines)


def verify_file(path: str | Path, key: str) -> Report:
    """The signs in a file; DalleError where it is not allowed or cannot be read."""
    if "://" in str(path):
        raise DalleError(f"{path} is an address; nothing is fetched, so download the file first.")
    return verify(read_picture_file(path), key)


def verify(content: bytes, key: str) -> Report:
    """The signs in a file's content; `key` is that of the invisible mark.

    DalleError where it is not a PNG, JPEG or WebP picture within the limits.
    """
    image = decode(content)
    return Report(
        (
            judge_manifest(read_manifest(content)),
            judge_mark(image, key),
            judge_recipe(image.info.get(RECIPE_CHUNK)),
            judge_metadata(image.info.get("xmp")),
            judge_others(image.info),
        )
    )


def judge_mark(image: Image.Image, key: str) -> Sign:
    """The mark of this version, or else that of earlier ones."""
    detection = watermark.detect(image, key)
    former = 0.0 if detection.found else former_mark.detect(image, key)
    found = detection.found or former >= former_mark.THRESHOLD
    change = f", {detection.change}" if detection.found and detection.change else ""
    says = f"Score {detection.score:.1f}{change}; from {watermark.THRESHOLD:.1f} on it is there."
    if not detection.found:
        says += (
            f" Mark of earlier versions: {former:.1f}; from {former_mark.THRESHOLD:.1f} on "
            "it is there."
        )
    worth = (
        "by chance it is found in less than one picture in a million, but the method is public: "
        "anybody with the key can add or remove it, and strong editing loses it. A hint, no proof."
    )
    shows = (
        "It carries Ninefold's invisible mark with the public key, which anybody can add."
        if key == PUBLIC_KEY
        else "It carries the invisible mark of the secret key, so its maker had that key."
    )
    return Sign("invisible mark", found, says, worth, shows)


def judge_recipe(text: str | None) -> Sign:
    recipe = parse_recipe(text) or {}
    told = [
        f"{name} {recipe[name]}"
        for name in ("model", "revision", "seed", "candidate", "made")
        if name in recipe
    ]
    says = f"Drawn with {', '.join(told)}." if told else "None."
    worth = "anybody can write or remove it; drawing it again with these values is the proof."
    shows = (
        "Its recipe says that Ninefold drew it. The file says so itself; anybody can write that."
    )
    return Sign("recipe", bool(told), printable(says), worth, shows)


def judge_metadata(xmp: bytes | str | None) -> Sign:
    """Searched as text: an XML parser would be one more thing to attack."""
    text = xmp.decode("utf-8", "replace") if isinstance(xmp, bytes) else xmp or ""
    mixed = MIXED_SOURCE_TYPE in text
    found = "DigitalSourceType" in text and (mixed or SOURCE_TYPE in text)
    what = "the source of a part" if mixed else "the source"
    says = f"Its XMP metadata names a trained algorithm as {what}" if found else "None"
    return Sign(
        "metadata",
        found,
        f"{says} (DigitalSourceType, IPTC).",
        "anybody can write or remove it; most sites remove it from uploaded files.",
        "Its metadata says that a trained algorithm made it; anybody can write that.",
    )


def judge_others(info: Mapping[Any, Any]) -> Sign:
    """The texts of other generators in a PNG file, by their names."""
    texts = {name: text for name, text in info.items() if isinstance(text, str)}
    if texts.get(PARAMETERS_CHUNK, "").endswith(VERSION):
        del texts[PARAMETERS_CHUNK]  # ours
    said = [f'"{name}", as {GENERATORS[name]} writes it' for name in GENERATORS if name in texts]
    found = bool(said)
    if software := texts.get("Software"):
        said.append(f'Software: "{software[:60]}"')
        found |= any(name in software.lower() for name in GENERATING)
    what = printable("; ".join(said))
    return Sign(
        "metadata of other programs",
        found,
        f"{what}." if said else "None.",
        "anybody can write or remove it; Software alone may be a program that edits photos.",
        f"Its metadata is that of another generator ({what}); anybody can write that.",
    )


def judge_manifest(manifest: Manifest | None) -> Sign:
    worth = {
        "Trusted": "the signer is known to this machine, and nothing was changed since.",
        "Valid": "nothing was changed since it was signed, but who signed is not proven.",
        "Invalid": "the file was changed after signing: none.",
        "unreadable": "none, as it cannot be read.",
        "not read": "unknown: install c2pa-python to read it.",
    }
    if manifest is None:
        return Sign("C2PA manifest", False, "None.", "most pictures have none.")
    who = f" by {manifest.signer}" if manifest.signer else ""
    what = " and says: made by a trained algorithm" if manifest.machine_made else ""
    says = printable(f"There is one, signed{who}{what}; state: {manifest.state}.")
    good = manifest.state in ("Valid", "Trusted") and manifest.machine_made
    signer = (
        "of a signer whom this machine trusts"
        if manifest.state == "Trusted"
        else "of a signer whom this machine does not know"
    )
    shows = f"A C2PA signature {signer} says that a machine made it, and nothing was changed since."
    return Sign("C2PA manifest", good, says, worth.get(manifest.state, "unknown."), shows)


def printable(text: str) -> str:
    """Without control characters, of at most 300 letters: a stranger wrote it."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:300]
