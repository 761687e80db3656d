"""The change of a picture by a run: the codes that it keeps, and where its pixels go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from dalle.generation.editing.frame import Frame
from dalle.models.image_tokenizer import NO_CODE

FOREIGN = "a foreign picture"


@dataclass(frozen=True, eq=False)
class Change:
    """Kept codes of each candidate, and how its pixels become a picture."""

    kept: np.ndarray  # [N, T] int32, one row for each candidate; NO_CODE where one is sampled
    edit: Mapping[str, Any]  # the wanted change, as JSON can hold it
    source: Mapping[str, Any] | str  # the recipe of the picture that is changed, or FOREIGN
    frame: Frame | None = None  # None: the square that the model draws is the picture
    like: Image.Image | None = None  # a picture that the candidates are to be like
    notes: list[str] = field(default_factory=list)

    def compose(self, pixels: np.ndarray) -> np.ndarray:
        """The squares that were drawn [N, h, w, 3] -> whole pictures [N, H, W, 3]."""
        return pixels if self.frame is None else self.frame.compose(pixels)

    def square(self, image: Image.Image) -> Image.Image:
        """The part of a whole picture that was drawn."""
        return image if self.frame is None else self.frame.square(image)

    @property
    def place(self) -> tuple[int, int]:
        """Top and left of the square in the whole picture."""
        return (0, 0) if self.frame is None else (self.frame.top, self.frame.left)

    def fit(self, log_probs: np.ndarray) -> np.ndarray:
        """Log-likelihood of the kept codes after the sampled ones, in nats: [N, T] -> [N].

        A raster model can't look ahead when it draws; ranking can.
        """
        sampled = self.kept == NO_CODE
        after = ~sampled & (np.cumsum(sampled, axis=1) > 0)
        return (log_probs * after).sum(1)

    def recipe(self) -> dict[str, Any]:
        """Its part of the recipes of its pictures."""
        return {"edited_from": self.source, "edit": dict(self.edit)}
