"""Marks that say "made by a machine, here" on every picture that leaves: the one way to a PNG file.

Four layers, from the easiest to lose to the hardest: a recipe in PNG text; XMP as the IPTC
recommends it (iptc.org, "Digital Source Type"); a C2PA manifest, if a key is set; the invisible
mark in the pixels. A corner label that people see is an option.
"""

import functools
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from dalle.safety.file_decoder import decode
from dalle.safety.provenance.c2pa import Signer, source_type
from dalle.safety.provenance.watermark import PUBLIC_KEY, embed
from dalle.safety.settings import SafetySettings, process_settings

RECIPE_CHUNK = "ninefold"
PARAMETERS_CHUNK = "parameters"  # read by tools for Stable Diffusion's pictures
VERSION = "Version: Ninefold"  # how the parameters end
XMP_CHUNK = "XML:com.adobe.xmp"
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 Iptc4xmpExt:DigitalSourceType="{}"/>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""
LABEL = "AI"
LABEL_PART = 12  # the label is as high as one twelfth of the picture's shorter side
SMALLEST_LABEL = 12  # pixels

# Fields of a recipe that a visitor typed: in a file only if they ask for it.
TYPED = ("prompt", "normalized_prompt", "negative_prompt", "heard")


@dataclass(frozen=True)
class Marker:
    """How pictures are marked; the settings of the server choose."""

    key: str = PUBLIC_KEY
    label: bool = False
    signer: Signer | None = None

    @classmethod
    def of(cls, settings: SafetySettings) -> "Marker":
        """SettingsError where a signing key is set that cannot be used."""
        signer = Signer.of(settings.signing_key, settings.signing_certificate)
        return cls(settings.mark_key, settings.corner_label == "on", signer)

    def encode(
        self, image: Image.Image, recipe: Mapping[str, Any], *, keep_prompt: bool = False
    ) -> bytes:
        """An RGB picture as a marked PNG file with its recipe; the prompt stays out unless asked.

        DalleError where it cannot be signed although a key is set.
        """
        if self.label:
            image = add_label(image)
        marked = Image.fromarray(embed(np.asarray(image.convert("RGB")), self.key))
        public = public_recipe(recipe, keep_prompt) | {"made": datetime.now(UTC).date().isoformat()}
        text = PngInfo()
        text.add_text(RECIPE_CHUNK, json.dumps(public))
        text.add_itxt(PARAMETERS_CHUNK, describe_parameters(public))
        text.add_itxt(XMP_CHUNK, write_xmp(recipe))
        encoded = io.BytesIO()
        marked.save(encoded, "PNG", pnginfo=text)
        png = encoded.getvalue()
        return self.signer.sign(png, recipe) if self.signer else png


@functools.cache
def default_marker() -> Marker:
    """The marker that the variables of this process choose."""
    return Marker.of(process_settings())


def write_xmp(recipe: Mapping[str, Any]) -> str:
    """The XMP packet of a picture: how it was made, in the words of the IPTC."""
    return _XMP.format(source_type(recipe))


def public_recipe(recipe: Mapping[str, Any], keep_prompt: bool) -> dict[str, Any]:
    """The recipe without typed text, unless `keep_prompt`."""
    if keep_prompt:
        return dict(recipe)
    kept = {name: value for name, value in recipe.items() if name not in TYPED}
    if isinstance(settings := recipe.get("settings"), Mapping):
        kept["settings"] = {name: value for name, value in settings.items() if name not in TYPED}
    if isinstance(source := recipe.get("edited_from"), Mapping):
        kept["edited_from"] = public_recipe(source, keep_prompt)
    return kept


def describe_parameters(recipe: Mapping[str, Any]) -> str:
    """The prompt, where it is kept, and a line of names and values."""
    names = {"Seed": "seed", "Candidate": "candidate", "Model": "model", "Model hash": "revision"}
    values = [f"{label}: {recipe[name]}" for label, name in names.items() if name in recipe]
    line = ", ".join([*values, VERSION])
    return f"{recipe['prompt']}\n{line}" if "prompt" in recipe else line


def recipe_of(content: bytes) -> dict[str, Any] | None:
    """The recipe in a picture's file; None where there is none that can be read.

    DalleError where it is no picture within the limits.
    """
    return parse_recipe(decode(content).info.get(RECIPE_CHUNK))


def parse_recipe(text: str | None) -> dict[str, Any] | None:
    """The recipe in a text chunk; None for anything else."""
    try:
        recipe = json.loads(text or "null")
        json.dumps(recipe, ensure_ascii=False).encode()  # halves of characters are no text
    except (ValueError, RecursionError):
        return None
    source = recipe
    while isinstance(source, dict):  # each recipe holds that of the picture that it goes on with
        if "seed" not in source:
            return None
        if not all(isinstance(source.get(name, {}), dict) for name in ("settings", "edit")):
            return None
        source = source.get("edited_from")
    return recipe if isinstance(recipe, dict) else None


def add_label(image: Image.Image) -> Image.Image:
    """The picture with a small "AI" in its lower right corner."""
    labelled = image.convert("RGB")
    height = max(SMALLEST_LABEL, min(image.size) // LABEL_PART)
    font = ImageFont.load_default(height)
    pen = ImageDraw.Draw(labelled)
    corner = (image.width - height // 3, image.height - height // 3)
    box = pen.textbbox(corner, LABEL, font, anchor="rs")
    margin = height // 4
    pen.rectangle(
        (box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin), fill="black"
    )
    pen.text(corner, LABEL, "white", font, anchor="rs")
    return labelled
