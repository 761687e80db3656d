"""Was this picture made here? What a file says about its origin, and what each sign is worth.

Files come from strangers: they are bounded before anything is decoded, told apart by their first
bytes and not by their names, and nothing is fetched. EXIF is not looked at.
"""

from dataclasses import dataclass
from pathlib import Path

from dalle.errors import DalleError
from dalle.safety.bounded import MAX_MEGABYTES, allowed, open_bounded
from dalle.safety.provenance import RECIPE_CHUNK, parse_recipe
from dalle.safety.signing import SOURCE_TYPE, Manifest, read_manifest
from dalle.safety.watermark import THRESHOLD, Detection, detect


@dataclass(frozen=True)
class Sign:
    """One kind of sign: whether it is there, what it says, what that is worth."""

    name: str
    found: bool
    says: str
    worth: str


@dataclass(frozen=True)
class Report:
    """All signs that were looked for, and what they come to."""

    signs: tuple[Sign, ...]

    @property
    def found(self) -> bool:
        """Whether anything marks the picture as made by a machine."""
        return any(sign.found for sign in self.signs)

    @property
    def conclusion(self) -> str:
        """One sentence."""
        names = {sign.name for sign in self.signs if sign.found}
        if names & {"recipe", "invisible mark"}:
            return "It was very probably drawn by Ninefold, and is no photo."
        if names:
            return "It is marked as made by a machine, and not by Ninefold as far as can be seen."
        return "There is no sign of a machine in it, which proves nothing: signs can be lost."

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
    path = Path(path)
    if not path.is_file():
        raise DalleError(f"{path} is no file on this machine; name {allowed()}.")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_MEGABYTES * 2**20 + 1)
    except OSError as error:
        raise DalleError(
            f"{path} cannot be read ({error.strerror}); check its permissions."
        ) from error
    return verify(content, key)


def verify(content: bytes, key: str) -> Report:
    """The signs in a file's content; `key` is that of the invisible mark.

    DalleError where it is not a PNG, JPEG or WebP picture within the limits.
    """
    image = open_bounded(content)
    return Report(
        (
            judge_metadata(image.info.get("xmp")),
            judge_recipe(image.info.get(RECIPE_CHUNK)),
            judge_mark(detect(image, key)),
            judge_manifest(read_manifest(content)),
        )
    )


def judge_metadata(xmp: bytes | str | None) -> Sign:
    """Searched as text: an XML parser would be one more thing to attack."""
    text = xmp.decode("utf-8", "replace") if isinstance(xmp, bytes) else xmp or ""
    found = "DigitalSourceType" in text and SOURCE_TYPE in text
    says = "Its XMP metadata names a trained algorithm as the source" if found else "None"
    return Sign(
        "metadata",
        found,
        f"{says} (DigitalSourceType, IPTC).",
        "anybody can write or remove it; most sites remove it from what is uploaded.",
    )


def judge_recipe(text: str | None) -> Sign:
    recipe = parse_recipe(text) or {}
    told = [
        f"{name} {recipe[name]}"
        for name in ("model", "revision", "seed", "candidate", "made")
        if name in recipe
    ]
    says = f"Drawn with {', '.join(told)}." if told else "None."
    worth = "anybody can write or remove it; drawing it again with these values is the proof."
    return Sign("recipe", bool(told), printable(says), worth)


def judge_mark(detection: Detection) -> Sign:
    turned = ", mirrored" if detection.mirrored else ""
    scaled = "" if detection.scale == 1 else f", at {detection.scale:.2g} times its size"
    where = f"{turned}{scaled}" if detection.found else ""
    says = f"Score {detection.score:.1f}{where}; from {THRESHOLD:.1f} on the mark is there."
    worth = (
        "by chance that happens to less than one picture in a million, but the method is public: "
        "whoever has the key can add or remove the mark, and strong editing loses it. "
        "A hint, no proof."
    )
    return Sign("invisible mark", detection.found, says, worth)


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
    return Sign("C2PA manifest", good, says, worth.get(manifest.state, "unknown."))


def printable(text: str) -> str:
    """Without control characters, of at most 300 letters: a stranger wrote it."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:300]
