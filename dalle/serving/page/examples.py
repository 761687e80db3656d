"""Sheets that were drawn before, to look at without waiting."""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parents[3] / "assets" / "examples"
PROMPTS = "prompts.txt"  # one a line; each sheet is named after its own
SEED = 1  # of all of them
SMALL = "-small.webp"  # ends the address of a thumbnail
THUMBNAIL = 300  # pixels across
QUALITY = 80


@dataclass(frozen=True)
class Example:
    """A prompt and the sheet of nine pictures that it gave."""

    prompt: str
    sheet: Path
    thumbnail: bytes  # WebP

    @property
    def name(self) -> str:
        """Of its files at /examples/."""
        return self.sheet.stem

    @property
    def small(self) -> str:
        """The address of the thumbnail, seen from the page."""
        return f"examples/{self.name}{SMALL}"

    @property
    def large(self) -> str:
        """The address of the sheet."""
        return f"examples/{self.sheet.name}"


def read_examples(folder: Path = FOLDER) -> list[Example]:
    """The examples in the order of their list; prompts without a sheet are left out."""
    listed = folder / PROMPTS
    if not listed.is_file():
        return []
    prompts = [line.strip() for line in listed.read_text("utf-8").splitlines() if line.strip()]
    sheets = [(prompt, folder / file_name(prompt)) for prompt in prompts]
    return [Example(prompt, path, shrink(path)) for prompt, path in sheets if path.is_file()]


def file_name(prompt: str) -> str:
    """The README's rule: commas left out, hyphens for spaces."""
    return f"{prompt.replace(',', '').replace(' ', '-')}.webp"


def shrink(sheet: Path) -> bytes:
    """The square of nine pictures alone, small, as WebP."""
    with Image.open(sheet) as image:
        side = min(image.size)
        left = (image.width - side) // 2
        square = image.convert("RGB").crop((left, 0, left + side, side))
    square.thumbnail((THUMBNAIL, THUMBNAIL))
    encoded = io.BytesIO()
    square.save(encoded, "WEBP", quality=QUALITY)
    return encoded.getvalue()
