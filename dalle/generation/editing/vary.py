"""Variations of a picture: some of its cells are kept, chosen at random for each candidate."""

import numbers
import reprlib
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from dalle.generation.editing.change import Change
from dalle.generation.editing.grid import Grid
from dalle.generation.editing.original import Original, middle_square
from dalle.settings import GenerationSettings, SettingsError

if TYPE_CHECKING:
    from dalle.generation.pipeline import Pipeline

# A code for the whole picture, such as its style, changes more than a cell: it is drawn anew with
# this power of the strength as the chance.
CAUTION = 1.5


def check_strength(strength: Any) -> float:
    """The strength as given; SettingsError for an impossible one."""
    real = isinstance(strength, numbers.Real) and not isinstance(strength, bool)
    if not real or not 0 < strength <= 1:
        raise SettingsError(
            f"strength is {reprlib.repr(strength)}; it must be a number above 0 and at most 1."
        )
    return float(strength)


def vary(
    pipeline: "Pipeline", original: Original, settings: GenerationSettings, strength: float
) -> Change:
    """The share `strength` of the cells is drawn anew, in the middle square of the picture."""
    grid = Grid.of(pipeline.image_tokenizer)
    top, left = middle_square(original.pixels, grid)
    codes = original.codes_at(pipeline, top, left)
    square = original.pixels[top : top + grid.resolution, left : left + grid.resolution]
    kept = [
        grid.keep(codes, *random_parts(settings.seed, candidate, strength, grid))
        for candidate in settings.candidate_numbers
    ]
    edit = {"kind": "vary", "strength": strength}
    like = Image.fromarray(square)
    return Change(np.stack(kept), edit, original.source, like=like, notes=original.notes)


def random_parts(
    seed: int, candidate: int, strength: float, grid: Grid
) -> tuple[np.ndarray, np.ndarray]:
    """The part that a candidate draws anew; a greater strength adds to it.

    Cells [g, g] bool, and codes for the whole picture [overview] bool.
    """
    dice = np.random.default_rng((seed, candidate))
    order = dice.permutation(grid.side**2)
    count = max(1, round(strength * grid.side**2))
    cells = (order < count).reshape(grid.side, grid.side)
    return cells, dice.random(grid.overview) < strength**CAUTION
