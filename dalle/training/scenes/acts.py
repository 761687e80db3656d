"""Where things stand when one does something to the other: holds it, chases it, sits in it."""

from math import ceil

from dalle.training.scenes.dice import Dice
from dalle.training.scenes.grid import CELLS
from dalle.training.scenes.layouts import LARGE, MIDDLE, SMALL, Space, Spot

HIDDEN = 1.4  # cells of a thing that the side of its container covers
MOST_HELD = 3


def hold(space: Space, dice: Dice) -> list[Spot]:
    """Thing 1, small, at the right edge of thing 0, half way down."""
    column = min(max(ceil(LARGE * space.boxes[0][2] - 0.5), MIDDLE), LARGE)
    left = (CELLS - column - SMALL) // 2
    return [Spot(0, left, 1, LARGE), Spot(1, left + column, 4, SMALL)]


def hold_several(space: Space, dice: Dice) -> list[Spot]:
    """Two or three of thing 1, small, one over another beside thing 0."""
    count = dice.pick(range(2, MOST_HELD + 1))
    top = LARGE - SMALL * (count - 1) - 1
    held = [Spot(1, LARGE, top + SMALL * number, SMALL) for number in range(count)]
    return [Spot(0, 0, 1, LARGE), *held]


def surround(space: Space, dice: Dice) -> list[Spot]:
    """Thing 0 in the middle of twelve of thing 1."""
    edge = (0, CELLS - SMALL)
    steps = range(0, CELLS, SMALL)
    around = [Spot(1, c, r, SMALL) for r in steps for c in steps if c in edge or r in edge]
    return [Spot(0, SMALL, SMALL, MIDDLE), *around]


def crowd(space: Space, dice: Dice) -> list[Spot]:
    """Sixteen of a kind: no cell is left empty."""
    steps = range(0, CELLS, SMALL)
    return [Spot(0, column, row, SMALL) for row in steps for column in steps]


def two_kinds(space: Space, dice: Dice) -> list[Spot]:
    """Two or three of thing 0 over two or three of thing 1."""
    spots = []
    for thing in (0, 1):
        bottom = MIDDLE * (thing + 1)
        size, columns = dice.pick(((MIDDLE, (0, 4)), (SMALL, (0, 3, 6))))
        spots += [Spot(thing, column, bottom - size, size) for column in columns]
    return spots


def hide(space: Space, dice: Dice) -> list[Spot]:
    """The right half of thing 0 is seen behind thing 1, which is larger."""
    return [Spot(0, CELLS - MIDDLE, 2, MIDDLE), Spot(1, 0, 1, LARGE)]


def chase(space: Space, dice: Dice) -> list[Spot]:
    """Thing 0 behind thing 1: most things are drawn as they look to the left."""
    return [Spot(1, 0, 1, MIDDLE), Spot(0, MIDDLE, 3, MIDDLE)]


def face(space: Space, dice: Dice) -> list[Spot]:
    """Two things side by side, and a sign (thing 2) above them for what is between them."""
    return [
        Spot(0, 0, 3, MIDDLE),
        Spot(1, MIDDLE, 3, MIDDLE),
        Spot(2, (CELLS - SMALL) // 2, 1, SMALL),
    ]


def inside(space: Space, dice: Dice) -> list[Spot]:
    """Thing 0 looks out of thing 1, which is larger and hides its lower part."""
    row = CELLS - LARGE
    rim = row + LARGE * space.boxes[1][1]
    column = (CELLS - MIDDLE) // 2
    return [Spot(0, column, max(round(rim + HIDDEN) - MIDDLE, 0), MIDDLE), Spot(1, 1, row, LARGE)]
