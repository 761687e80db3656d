"""A new thing in the gap of a picture: drawn alone, and laid between the cells that stay.

A model that knows captions of whole pictures draws nothing more for "a rocket" where another thing
stands already. So most candidates are drawn as if nothing stood in the kept cells, and something
has to stand near the middle of the gap. The others see the picture, as what they draw may fit
better to it; ranking decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from dalle.generation.editing.grid import Grid
from dalle.models.image_tokenizer import NO_CODE, TokenLayout, any_but

SEEING = 3  # one candidate of so many sees the picture
# Where something has to stand, from top to bottom and from left to right of the gap.
HEIGHTS = 0.4, 0.6
WIDTHS = 0.35, 0.5, 0.65


@dataclass(frozen=True, eq=False)
class Gap:
    """The cells that are sampled, and the candidates that see nothing else."""

    kept: np.ndarray  # [N, T] int32, the codes of the picture, below 0 in the gap
    candidates: Sequence[int]
    grid: Grid
    blank: int

    @classmethod
    def of(
        cls, kept: np.ndarray, candidates: Sequence[int], grid: Grid, layout: TokenLayout
    ) -> Self | None:
        """That of kept codes; None for a model whose codes can't tell of an empty cell."""
        return None if layout.blank == NO_CODE else cls(kept, candidates, grid, layout.blank)

    def seen(self) -> np.ndarray:
        """The codes that the model is forced to, [N, T] int32."""
        seen = self.kept.copy()
        for codes, candidate in zip(seen, self.candidates, strict=True):
            if candidate % SEEING:
                cells = codes[self.grid.overview :]  # a view
                cells[cells >= 0] = self.blank
                cells[self.middle(cells < 0, candidate)] = any_but(self.blank)
        return seen

    def middle(self, gap: np.ndarray, candidate: int) -> int:
        """A cell of a gap, [g * g] bool, near its middle; another one for the next candidate."""
        places = np.argwhere(gap.reshape(self.grid.side, self.grid.side))
        share = HEIGHTS[candidate % len(HEIGHTS)], WIDTHS[candidate // SEEING % len(WIDTHS)]
        first, last = places.min(0), places.max(0)
        wanted = first + np.round(share * (last - first))
        row, column = places[np.abs(places - wanted).sum(1).argmin()]
        return int(row * self.grid.side + column)

    def fill(self, sampled: np.ndarray, rows: slice) -> np.ndarray:
        """The codes of the pictures so far, [n, t], from those that the model saw, [n, t]."""
        kept = self.kept[rows, : sampled.shape[1]]
        return np.where(kept < 0, sampled, kept)
