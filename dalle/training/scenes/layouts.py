"""Where things stand on the grid of cells: alone, side by side, one on another, in rows."""

from dataclasses import dataclass

from dalle.training.scenes.dice import Dice
from dalle.training.scenes.grid import CELLS

LARGE, MIDDLE, SMALL = 6, 4, 2  # cells a side
HAT = 3


def spread(rows: tuple[int, ...]) -> tuple:
    """Corners of small copies, so many in each row, at equal distances."""
    tops = {2: (1, 5), 3: (0, 3, 6), 4: (0, 2, 4, 6)}
    corners = [(c, r) for count, r in zip(rows, tops[len(rows)], strict=True) for c in tops[count]]
    return (SMALL, *corners)


# Upper left corners of two to ten copies, and their size; of five at most, another way too.
ROWS = {
    2: ((MIDDLE, (0, 2), (4, 2)), (SMALL, (1, 3), (5, 3))),
    3: ((MIDDLE, (2, 0), (0, 4), (4, 4)), (SMALL, (0, 3), (3, 3), (6, 3))),
    4: ((MIDDLE, (0, 0), (4, 0), (0, 4), (4, 4)), (SMALL, (1, 1), (5, 1), (1, 5), (5, 5))),
    5: (
        (SMALL, (1, 1), (5, 1), (3, 3), (1, 5), (5, 5)),
        (SMALL, (0, 2), (3, 2), (6, 2), (1, 5), (5, 5)),
    ),
} | {sum(rows): (spread(rows),) for rows in ((3, 3), (2, 3, 2), (3, 2, 3), (3, 3, 3), (3, 4, 3))}


@dataclass(frozen=True)
class Space:
    """The names of an arrangement."""

    boxes: list[tuple[float, float, float, float]]  # left, top, right, bottom of each cut-out, 0..1
    size: int  # cells of a single thing
    count: int  # copies, where one kind is shown several times


@dataclass(frozen=True)
class Spot:
    """The square that thing number `thing` fills, in cells."""

    thing: int
    column: int
    row: int
    cells: int


def centred(top: float, cells: int) -> int:
    """The row of a square whose content begins at `top` (0..1) and stands on its lower edge."""
    return min(max(round((CELLS - cells * (top + 1)) / 2), 0), CELLS - cells)


def single(space: Space, dice: Dice) -> list[Spot]:
    size = space.size
    return [Spot(0, (CELLS - size) // 2, centred(space.boxes[0][1], size), size)]


def pair(space: Space, dice: Dice) -> list[Spot]:
    row = centred(min(box[1] for box in space.boxes), MIDDLE)
    return [Spot(0, 0, row, MIDDLE), Spot(1, 4, row, MIDDLE)]


def stack(space: Space, dice: Dice) -> list[Spot]:
    return [Spot(0, 2, 0, MIDDLE), Spot(1, 2, 4, MIDDLE)]


def piled(lower_top: float, lower_size: int, sunk: float) -> list[Spot]:
    """Thing 0 stands on thing 1, sunk in by `sunk` cells at most and hovering by the rest of one.

    Whole cells only: the thing's own codes stay what they are.
    """
    gap = int(lower_size * lower_top + sunk)
    top = max((CELLS - (MIDDLE + lower_size - gap)) // 2, 0)
    row = min(top + MIDDLE - gap, CELLS - lower_size)
    # The lower one first, so that the upper one covers it.
    return [
        Spot(1, (CELLS - lower_size) // 2, row, lower_size),
        Spot(0, (CELLS - MIDDLE) // 2, max(row + gap - MIDDLE, 0), MIDDLE),
    ]


def on(space: Space, dice: Dice) -> list[Spot]:
    return piled(space.boxes[1][1], MIDDLE, 0.6)


def ride(space: Space, dice: Dice) -> list[Spot]:
    """As `on`, deeper, and on a large one where a rider finds room above it."""
    top = space.boxes[1][1]
    return piled(top, LARGE if LARGE * top + 0.9 >= 2 else MIDDLE, 0.9)


def hat(space: Space, dice: Dice) -> list[Spot]:
    """Thing 1 (a hat) covers the top of thing 0 by about a cell."""
    left, top, right, _ = space.boxes[0]
    row = round(2 + LARGE * top + 0.8) - HAT
    column = round(1 + LARGE * (left + right) / 2 - HAT / 2)
    return [Spot(0, 1, 2, LARGE), Spot(1, column, row, HAT)]


def front(space: Space, dice: Dice) -> list[Spot]:
    """Thing 0 stands before thing 1, which is larger, and hides some of its lower third."""
    return [Spot(1, 1, 0, LARGE), Spot(0, dice.pick((0, 4)), 4, MIDDLE)]


def meal(space: Space, dice: Dice) -> list[Spot]:
    """Thing 1, small, lies before the mouth of thing 0."""
    return [Spot(0, 0, 1, LARGE), Spot(1, 6, 5, SMALL)]


def rows(space: Space, dice: Dice) -> list[Spot]:
    ways = ROWS[space.count]
    size, *corners = ways[dice.chance(0.3) % len(ways)]
    return [Spot(0, column, row, size) for column, row in corners]


def group(space: Space, dice: Dice) -> list[Spot]:
    """Three to five different things, along the rows."""
    size, *corners = ROWS[len(space.boxes)][0]
    return [Spot(thing, column, row, size) for thing, (column, row) in enumerate(corners)]


def packed(space: Space, dice: Dice) -> list[Spot]:
    """A large thing in a corner and small ones around it: no cell is left empty."""
    column, row = dice.pick((0, SMALL)), dice.pick((0, SMALL))
    besides = [
        (c, r)
        for c in range(0, CELLS, SMALL)
        for r in range(0, CELLS, SMALL)
        if not (column <= c < column + LARGE and row <= r < row + LARGE)
    ]
    small = [Spot(thing, *corner, SMALL) for thing, corner in enumerate(besides, 1)]
    return [Spot(0, column, row, LARGE), *small]


def shift(spots: list[Spot], moved: float, grounded: bool, dice: Dice) -> list[Spot]:
    """Moves all spots together: onto the ground of a place, and now and then off the centre."""
    left = min(spot.column for spot in spots)
    right = CELLS - max(spot.column + spot.cells for spot in spots)
    above = min(spot.row for spot in spots)
    below = CELLS - max(spot.row + spot.cells for spot in spots)
    columns = down = 0
    if dice.chance(moved):
        columns = dice.pick(range(-min(left, 1), min(right, 1) + 1))
        down = dice.pick(range(-min(above, 1), min(below, 1) + 1))
    if grounded:
        down = max(below - 1, 0)
    return [Spot(s.thing, s.column + columns, s.row + down, s.cells) for s in spots]
