"""The outcome of a run: previews on the way, then ranked pictures with their recipes."""

import base64
import hashlib
import json
import math
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image

from dalle.errors import DalleError
from dalle.files import write_atomically
from dalle.generation.pictures import make_sheet
from dalle.safety.pictures.checker import NOT_CHECKED, Check, Verdict, as_shown
from dalle.safety.provenance.marker import Marker, default_marker


@dataclass(frozen=True)
class Preview:
    """Pictures on the way, by candidate number, not yet ranked."""

    pictures: list[Image.Image]  # unfinished parts are grey
    fraction: float  # of the tokens drawn, 0..1

    @property
    def stage(self) -> str:
        """The stage that follows."""
        return "drawing" if self.fraction < 1 else "ranking"


@dataclass(frozen=True)
class Picture:
    """One picture with its score, its recipe, and the verdict of the picture check."""

    image: Image.Image  # RGB; where `check` is "hide" a tile that says so, the pixels are gone
    score: float  # see ranking/rank.py; NaN where CLIP had no answer
    candidate: int
    recipe: dict[str, Any]  # model, revision, precision, prompt, settings, seed, candidate
    verdict: Verdict = NOT_CHECKED
    log_likelihood: float = math.nan  # of its codes, in the model's own opinion, in nats
    overview: tuple[int, ...] = ()  # its codes for the whole of it, where the model has such
    codes: tuple[int, ...] = ()  # all its codes; none of a hidden picture
    place: tuple[int, int] = (0, 0)  # top and left of the square that the codes are of

    @property
    def seed(self) -> int:
        return self.recipe["seed"]

    @property
    def check(self) -> Check:
        """The verdict of the picture check: "show", "blur" (a visitor may reveal it), "hide"."""
        return self.verdict.check

    @property
    def check_score(self) -> float | None:
        """The picture check's score, 0 (harmless) to 1; None where there was no check."""
        return self.verdict.score

    @cached_property
    def key(self) -> str:
        """The same text for the same pixels with the same recipe and verdict."""
        told = json.dumps([self.recipe, self.check, self.image.size], sort_keys=True)
        return hashlib.sha256(told.encode() + self.image.tobytes()).hexdigest()

    def shown(self, *, reveal: bool = False) -> Image.Image:
        """The picture as the check lets it be seen; `reveal` takes a blur away."""
        return self.image if reveal else as_shown(self.image, self.verdict)

    def as_png(
        self, *, keep_prompt: bool = False, reveal: bool = False, marker: Marker | None = None
    ) -> bytes:
        """A PNG file with all marks of its origin; every file of a picture is made here.

        Its recipe is in a text chunk named "ninefold", without the prompt unless `keep_prompt`.
        The marker is the one that the variables choose if none is given.
        """
        marker = marker or default_marker()
        return marker.encode(self.shown(reveal=reveal), self.recipe, keep_prompt=keep_prompt)

    def _repr_png_(self) -> bytes:
        """How a notebook shows it: as the check lets it be seen, with all marks."""
        return self.as_png()


@dataclass(frozen=True)
class Result:
    """A run's pictures, best first, with the recipe that they share."""

    pictures: list[Picture]  # the best, as many as `keep` asks for
    rejected: list[Picture]  # the rest
    recipe: dict[str, Any]  # the common part of the pictures' recipes
    seconds: dict[str, float]  # by stage
    notes: list[str]  # sentences for the person who wrote the prompt

    @property
    def seed(self) -> int:
        return self.recipe["seed"]

    @property
    def prompt(self) -> str:
        return self.recipe["prompt"]

    def sheet(self, signature: str = "") -> Image.Image:
        """The kept pictures in a square with the prompt underneath, and where they come from."""
        return make_sheet([picture.shown() for picture in self.pictures], self.prompt, signature)

    def as_dict(self) -> dict[str, Any]:
        """Everything but the pixels, as JSON can hold it."""

        def describe(picture: Picture) -> dict[str, Any]:
            return {
                "candidate": picture.candidate,
                "seed": picture.seed,
                "score": finite(picture.score),
                "log_likelihood": finite(picture.log_likelihood),
                "check": picture.check,
                "check_score": picture.check_score,
            }

        return self.recipe | {
            "pictures": [describe(picture) for picture in self.pictures],
            "rejected": [describe(picture) for picture in self.rejected],
            "seconds": self.seconds,
            "notes": self.notes,
        }

    def sheet_png(
        self, *, keep_prompt: bool = False, marker: Marker | None = None, signature: str = ""
    ) -> bytes:
        """The sheet as a marked PNG file; its recipe is the common part."""
        marker = marker or default_marker()
        return marker.encode(self.sheet(signature), self.recipe, keep_prompt=keep_prompt)

    def _repr_html_(self) -> str:
        """How a notebook shows it: the sheet, then scores and notes in words."""
        scores = ", ".join(f"{picture.score:.1f}" for picture in self.pictures)
        lines = [
            f"{len(self.pictures)} of {len(self.pictures) + len(self.rejected)} candidates, best "
            f"first (CLIP: {scores}); seed {self.seed}.",
            *self.notes,
        ]
        sheet = base64.b64encode(self.sheet_png()).decode()
        return (
            f'<figure><img alt="{escape(f"Pictures of: {self.prompt}")}" '
            f'src="data:image/png;base64,{sheet}">'
            f"<figcaption>{'<br>'.join(map(escape, lines))}</figcaption></figure>"
        )

    def save(self, folder: str | Path, *, keep_prompt: bool = False) -> Path:
        """Writes 1.png (the best), 2.png, ..., sheet.png and recipe.json; returns the folder.

        Each file appears whole or not at all, recipe.json last. DalleError where it cannot write.
        """
        folder = Path(folder)
        files = {
            f"{rank}.png": picture.as_png(keep_prompt=keep_prompt)
            for rank, picture in enumerate(self.pictures, 1)
        }
        files["sheet.png"] = self.sheet_png(keep_prompt=keep_prompt)
        recipe = json.dumps(self.as_dict(), indent=2, ensure_ascii=False)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                write_atomically(folder / name, content)
            write_atomically(folder / "recipe.json", f"{recipe}\n".encode())
        except OSError as error:
            raise DalleError(
                f"The pictures could not be written to {folder} ({error.strerror or error}); "
                "name a folder that can be written to."
            ) from error
        return folder


def finite(value: float) -> float | None:
    """The value; None for one that is not finite, which JSON cannot hold."""
    return value if math.isfinite(value) else None
