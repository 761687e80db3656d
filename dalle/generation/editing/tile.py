"""A tile that repeats without a border: the picture is rolled by half, and its cross drawn anew."""

from typing import TYPE_CHECKING

import numpy as np

from dalle.generation.editing.change import Change
from dalle.generation.editing.frame import Frame, soft_alpha
from dalle.generation.editing.grid import Grid
from dalle.generation.editing.original import Original
from dalle.settings import GenerationSettings

if TYPE_CHECKING:
    from dalle.generation.pipeline import Pipeline

CROSS = 4  # each bar of the cross is one fourth of the picture wide
ALIKE = 12.0  # of 255: by how much opposite borders of one ground differ in the mean, at most
SIDEWAYS = "The top and the bottom of this picture differ, so it repeats from left to right alone."


def tile(pipeline: "Pipeline", original: Original, settings: GenerationSettings) -> Change:
    """The old borders meet in the middle, where they are drawn over; the new ones fit together."""
    grid = Grid.of(pipeline.image_tokenizer)
    half = grid.side // 2
    width = max(2, grid.side // CROSS)
    bar = np.zeros(grid.side, bool)
    bar[half - width // 2 : half - width // 2 + width] = True
    # A ground that the codes for the whole picture draw does not move with the cells, so that sky
    # would meet sand.
    top, bottom = original.pixels[[0, -1]].astype(np.float32)
    turns = not grid.overview or bool(np.abs(top - bottom).mean() < ALIKE)
    down = half if turns else 0
    codes = grid.roll(original.codes_at(pipeline, 0, 0), down, half)
    resampled = (bar[:, None] & turns) | bar[None, :]
    canvas = np.roll(original.pixels, (down * grid.cell, half * grid.cell), (0, 1))
    kept = np.tile(grid.keep(codes, resampled), (len(settings.candidate_numbers), 1))
    frame = Frame(canvas, soft_alpha(resampled, grid.cell), 0, 0)
    notes = original.notes if turns else [*original.notes, SIDEWAYS]
    return Change(kept, {"kind": "tile"}, original.source, frame, notes=notes)
