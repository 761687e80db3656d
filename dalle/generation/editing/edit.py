"""An edit: the cells under a mask are drawn anew, every other pixel stays."""

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from dalle.generation.editing.change import Change
from dalle.generation.editing.frame import Frame, hard_alpha, soft_alpha
from dalle.generation.editing.grid import Grid, cells_under
from dalle.generation.editing.original import Original
from dalle.settings import GenerationSettings, SettingsError

if TYPE_CHECKING:
    from dalle.generation.pipeline import Pipeline


def edit(
    pipeline: "Pipeline",
    original: Original,
    settings: GenerationSettings,
    mask: Image.Image | np.ndarray,
) -> Change:
    """The cells under the mask are drawn anew; they have to fit into one square of the model."""
    grid = Grid.of(pipeline.image_tokenizer)
    height, width, _ = original.pixels.shape
    touched = cells_under(mask, width // grid.cell, height // grid.cell)
    row, column = (_first_cell(touched.any(axis), grid.side) for axis in (1, 0))
    top, left = grid.cell * row, grid.cell * column
    if original.codes is not None and _inside(touched, original.place, grid):
        top, left = original.place
        row, column = top // grid.cell, left // grid.cell
    resampled = touched[row : row + grid.side, column : column + grid.side]
    codes = original.codes_at(pipeline, top, left)
    # A square of the model's own has no seam to hide, and its codes are exact.
    exact = original.codes is not None and original.place == (top, left)
    alpha = (hard_alpha if exact else soft_alpha)(resampled, grid.cell)
    kept = np.tile(grid.keep(codes, resampled), (len(settings.candidate_numbers), 1))
    cells = np.flatnonzero(touched).tolist()
    told = {"kind": "edit", "grid": list(touched.shape), "cells": cells}
    frame = Frame(original.pixels, alpha, top, left)
    return Change(kept, told, original.source, frame, notes=original.notes)


def _first_cell(touched: np.ndarray, side: int) -> int:
    """Where a square begins whose middle is that of the touched cells, along one side."""
    places = np.flatnonzero(touched)
    if places[-1] - places[0] >= side:
        raise SettingsError(
            "The mask reaches over more of the picture than the model draws at a time; paint a "
            "part that is no longer than the picture's shorter side."
        )
    middle = (places[0] + places[-1] + 1 - side) // 2
    return int(np.clip(middle, 0, len(touched) - side))


def _inside(touched: np.ndarray, place: tuple[int, int], grid: Grid) -> bool:
    """Whether all touched cells are in the square at a place."""
    row, column = (pixels // grid.cell for pixels in place)
    return touched[row : row + grid.side, column : column + grid.side].sum() == touched.sum()
