"""What a run gives back: previews on the way, then the ranked pictures with their recipes."""

import io
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dalle.errors import DalleError
from dalle.generation.pictures import make_sheet

RECIPE_CHUNK = "ninefold"


@dataclass(frozen=True)
class Preview:
    """Pictures on the way, by candidate number, not yet ranked."""

    pictures: list[Image.Image]  # what is not drawn yet is grey
    fraction: float  # of the tokens drawn, 0..1

    @property
    def stage(self) -> str:
        """What is done next."""
        return "drawing" if self.fraction < 1 else "ranking"


@dataclass(frozen=True)
class Picture:
    """One picture, how well it fits the prompt, and what remakes it."""

    image: Image.Image  # RGB
    score: float  # CLIP's logit; nan where CLIP had no answer
    candidate: int
    recipe: dict[str, Any]  # model, revision, precision, prompt, settings, seed, candidate

    @property
    def seed(self) -> int:
        return self.recipe["seed"]

    def as_png(self) -> bytes:
        """A PNG file that carries its recipe as JSON, in a text chunk named "ninefold"."""
        text = PngInfo()
        text.add_text(RECIPE_CHUNK, json.dumps(self.recipe))
        return encode_png(self.image, text)


@dataclass(frozen=True)
class Result:
    """A run's pictures, best first, and what was used to draw them."""

    pictures: list[Picture]  # the best, as many as `keep` asks for
    rejected: list[Picture]  # the rest
    recipe: dict[str, Any]  # what the pictures' recipes have in common
    seconds: dict[str, float]  # by stage
    notes: list[str]  # sentences for the person who wrote the prompt

    @property
    def seed(self) -> int:
        return self.recipe["seed"]

    @property
    def prompt(self) -> str:
        return self.recipe["prompt"]

    def sheet(self) -> Image.Image:
        """The kept pictures in a square with the prompt underneath."""
        return make_sheet([picture.image for picture in self.pictures], self.prompt)

    def as_dict(self) -> dict[str, Any]:
        """Everything but the pixels, as JSON can hold it."""

        def describe(picture: Picture) -> dict[str, Any]:
            score = picture.score if math.isfinite(picture.score) else None
            return {"candidate": picture.candidate, "seed": picture.seed, "score": score}

        return self.recipe | {
            "pictures": [describe(picture) for picture in self.pictures],
            "rejected": [describe(picture) for picture in self.rejected],
            "seconds": self.seconds,
            "notes": self.notes,
        }

    def save(self, folder: str | Path) -> Path:
        """Writes 1.png (the best), 2.png, ..., sheet.png and recipe.json; returns the folder.

        Each file appears whole or not at all, recipe.json last. DalleError where it cannot write.
        """
        folder = Path(folder)
        files = {f"{rank}.png": picture.as_png() for rank, picture in enumerate(self.pictures, 1)}
        files["sheet.png"] = encode_png(self.sheet())
        recipe = json.dumps(self.as_dict(), indent=2, ensure_ascii=False)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                _write_whole(folder / name, content)
            _write_whole(folder / "recipe.json", f"{recipe}\n".encode())
        except OSError as error:
            raise DalleError(
                f"The pictures could not be written to {folder} ({error.strerror or error}); "
                "name a folder that can be written to."
            ) from error
        return folder


def encode_png(image: Image.Image, text: PngInfo | None = None) -> bytes:
    """A PNG file's content."""
    encoded = io.BytesIO()
    image.save(encoded, "PNG", pnginfo=text)
    return encoded.getvalue()


def _write_whole(path: Path, content: bytes) -> None:
    """Writes under a name of its own, then renames: nobody sees half a file."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
