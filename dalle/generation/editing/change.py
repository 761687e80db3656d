"""The change of a picture by a run: the codes that it keeps, and where its pixels go."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from PIL import Image

from dalle.generation.editing.frame import Frame
from dalle.generation.editing.gap import Gap
from dalle.generation.editing.grid import Grid
from dalle.models.image_tokenizer import TokenLayout

FOREIGN = "a foreign picture"


@dataclass(frozen=True, eq=False)
class Change:
    """Kept codes of each candidate, and how its pixels become a picture."""

    # [N, T] int32, one row for each candidate: a code that is kept, NO_CODE where one is sampled,
    # any_but(code) where one is sampled that must be another
    kept: np.ndarray
    edit: Mapping[str, Any]  # the wanted change, as JSON can hold it
    source: Mapping[str, Any] | str  # the recipe of the picture that is changed, or FOREIGN
    frame: Frame | None = None  # None: the square that the model draws is the picture
    like: Image.Image | None = None  # a picture that the candidates are to be like
    notes: list[str] = field(default_factory=list)
    gap: Gap | None = None  # where some candidates are drawn without seeing the picture

    def leave_gap(self, candidates: Sequence[int], grid: Grid, layout: TokenLayout) -> Self:
        """The same, but most candidates are drawn without seeing the picture; see `Gap`."""
        gap = Gap.of(self.kept, candidates, grid, layout)
        return dataclasses.replace(self, kept=gap.seen(), gap=gap) if gap else self

    def fill(self, sampled: np.ndarray, rows: slice) -> np.ndarray:
        """The codes of the pictures so far, from those that the model saw, [n, t]."""
        return self.gap.fill(sampled, rows) if self.gap else sampled

    def nothing_new(self, codes: np.ndarray, layout: TokenLayout) -> np.ndarray:
        """Where all sampled cells are blank, [N, T] -> [N] bool."""
        kept, cells = self.gap.kept if self.gap else self.kept, slice(layout.overview, None)
        return ((kept[:, cells] >= 0) | (codes[:, cells] == layout.blank)).all(1)

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
        sampled = self.kept < 0
        after = ~sampled & (np.cumsum(sampled, axis=1) > 0)
        return (log_probs * after).sum(1)

    def recipe(self) -> dict[str, Any]:
        """Its part of the recipes of its pictures."""
        return {"edited_from": self.source, "edit": dict(self.edit)}
