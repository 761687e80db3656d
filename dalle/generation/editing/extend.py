"""A picture that grows by half of the model's square at one side."""

import reprlib
from typing import TYPE_CHECKING, Any

import numpy as np

from dalle.generation.editing.change import Change
from dalle.generation.editing.frame import Frame, soft_alpha
from dalle.generation.editing.grid import Grid
from dalle.generation.editing.original import Original
from dalle.generation.pictures import NEUTRAL_GREY
from dalle.safety.open_image import LONGEST_SIDES
from dalle.settings import GenerationSettings, SettingsError

if TYPE_CHECKING:
    from dalle.generation.pipeline import Pipeline

# The axis along which a picture grows, and whether at its end.
SIDES = {"left": (1, False), "right": (1, True), "up": (0, False), "down": (0, True)}


def check_side(side: Any) -> str:
    """The side as given; SettingsError for an unknown one."""
    if side not in tuple(SIDES):
        raise SettingsError(f"side is {reprlib.repr(side)}; it must be left, right, up or down.")
    return side


def extend(
    pipeline: "Pipeline", original: Original, settings: GenerationSettings, side: str
) -> Change:
    """Keeps half of the square at that side, and draws the other half beyond it."""
    grid = Grid.of(pipeline.image_tokenizer)
    axis, at_end = SIDES[side]
    lengths = original.pixels.shape[:2]
    half = grid.side // 2
    grown = half * grid.cell
    if lengths[1 - axis] != grid.resolution:
        raise SettingsError(
            f"The picture has {lengths[1]} x {lengths[0]} pixels at the model's size, so it can "
            f"grow only {'up or down' if axis else 'left or right'}; choose such a side."
        )
    if lengths[axis] + grown > LONGEST_SIDES * grid.resolution:
        raise SettingsError(
            f"The picture is as long as it may become, {LONGEST_SIDES} times its shorter side; "
            "crop it first."
        )
    place = [0, 0]
    place[axis] = lengths[axis] - grid.resolution if at_end else 0
    codes = original.codes_at(pipeline, *place)
    moves = [0, 0]
    moves[axis] = -half if at_end else half
    resampled = np.zeros((grid.side, grid.side), bool)
    np.moveaxis(resampled, axis, 0)[-half if at_end else 0 : None if at_end else half] = True
    kept = np.tile(
        grid.keep(grid.roll(codes, *moves), resampled), (len(settings.candidate_numbers), 1)
    )

    added = [[0, 0], [0, 0], [0, 0]]
    added[axis] = [0, grown] if at_end else [grown, 0]
    canvas = np.pad(original.pixels, added, constant_values=NEUTRAL_GREY)
    place[axis] += grown if at_end else 0
    # The soft border is in the old part: there is nothing beyond it to blend with.
    alpha = 1 - soft_alpha(~resampled, grid.cell)
    edit = {"kind": "extend", "side": side}
    return Change(kept, edit, original.source, Frame(canvas, alpha, *place), notes=original.notes)
