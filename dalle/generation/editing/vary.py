"""Variations of a picture: some of its cells are kept, chosen at random for each candidate."""

import numbers
import reprlib
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from dalle.generation.editing.change import Change
from dalle.generation.editing.grid import Grid
from dalle.generation.editing.original import Original, middle_square
from dalle.models.image_tokenizer import any_but
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
    blank = pipeline.image_tokenizer.layout.blank
    kept = [
        keep_some(codes, np.random.default_rng((settings.seed, candidate)), strength, grid, blank)
        for candidate in settings.candidate_numbers
    ]
    edit = {"kind": "vary", "strength": strength}
    like = Image.fromarray(square)
    return Change(np.stack(kept), edit, original.source, like=like, notes=original.notes)


def keep_some(
    codes: np.ndarray, dice: np.random.Generator, strength: float, grid: Grid, blank: int
) -> np.ndarray:
    """The codes [T] that a candidate keeps; a greater strength keeps fewer of the same ones.

    Cells with something in them go first, and one of them must change: the model would nearly
    always draw the same again in the midst of what is kept.
    """
    cells = codes[grid.overview :]
    order = np.argsort(dice.random(grid.side**2) + (cells == blank))
    resampled = np.zeros(grid.side**2, bool)
    resampled[order[: max(1, round(strength * grid.side**2))]] = True
    overview = dice.random(grid.overview) < strength**CAUTION
    kept = grid.keep(codes, resampled.reshape(grid.side, grid.side), overview)
    if cells[order[0]] != blank:
        kept[grid.overview + order[0]] = any_but(cells[order[0]])
    return kept
