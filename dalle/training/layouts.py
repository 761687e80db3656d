"""Where things stand on the grid of cells: alone, side by side, one on another, in rows."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from dalle.training.dice import Dice
from dalle.training.grid import CELLS
from dalle.training.vocabulary import Kind

HATS = ("top-hat", "crown", "graduation-cap", "baseball-cap", "sun-hat")
# Seen from the front, with the head on top.
WEARERS = ("dog-face", "cat-face", "tiger-face", "horse-face", "cow-face", "pig-face", "mouse-face",
           "rabbit-face", "monkey-face", "bear", "panda", "koala", "polar-bear", "fox", "wolf",
           "raccoon", "lion", "hamster", "frog", "owl", "penguin", "front-facing-chick", "robot",
           "alien", "ghost", "skull", "teddy-bear", "smiley-face", "pile-of-poo", "jack-o-lantern",
           "octopus", "baby", "man", "woman", "boy", "girl", "old-man", "old-woman",
           "sun-with-a-face", "avocado", "egg", "potato", "pineapple", "moai-statue",
           "cactus")  # fmt: skip
RIDES = ("skateboard", "bicycle", "motorcycle", "motor-scooter", "kick-scooter", "car", "tractor",
         "horse", "elephant", "turtle", "dinosaur", "t-rex", "whale", "dolphin", "sled", "canoe",
         "sailboat", "speedboat", "bus", "racing-car", "pickup-truck", "rocket", "airplane",
         "steam-train", "unicorn", "dragon", "camel", "cloud", "broom", "snail",
         "shopping-cart")  # fmt: skip
RIDERS = ("robot", "alien", "ghost", "teddy-bear", "snowman", "astronaut", "ninja", "wizard")
# Size and upper left corners of two to five copies: the usual way, the other way.
ROWS = {
    2: ((6, (0, 3), (6, 3)), (4, (1, 4), (7, 4))),
    3: ((4, (0, 4), (4, 4), (8, 4)), (4, (4, 1), (1, 6), (7, 6))),
    4: ((4, (1, 1), (7, 1), (1, 7), (7, 7)), (4, (2, 2), (6, 2), (2, 6), (6, 6))),
    5: ((4, (0, 0), (8, 0), (4, 4), (0, 8), (8, 8)), (4, (0, 2), (4, 2), (8, 2), (2, 6), (6, 6))),
}


@dataclass(frozen=True)
class Space:
    """What an arrangement may go by."""

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


def single(space: Space, dice: Dice) -> list[Spot]:
    edge = (CELLS - space.size) // 2
    return [Spot(0, edge, edge, space.size)]


def pair(space: Space, dice: Dice) -> list[Spot]:
    return [Spot(0, 0, 3, 6), Spot(1, 6, 3, 6)]


def stack(space: Space, dice: Dice) -> list[Spot]:
    return [Spot(0, 3, 0, 6), Spot(1, 3, 6, 6)]


def on(space: Space, dice: Dice) -> list[Spot]:
    """Thing 0 stands on thing 1, as close as whole cells allow."""
    gap = round((1 - space.boxes[0][3] + space.boxes[1][1]) * 6)
    top = gap // 2
    # The lower one first, so that the upper one covers it.
    return [Spot(1, 3, top + 6 - gap, 6), Spot(0, 3, top, 6)]


def ride(space: Space, dice: Dice) -> list[Spot]:
    """Thing 0 (6 cells) sits on thing 1 (8 cells), sunk in by up to a cell."""
    gap = int((1 - space.boxes[0][3]) * 6 + space.boxes[1][1] * 8) + 1
    top = max((CELLS - (14 - gap)) // 2, 0)
    return [Spot(1, 2, min(top + 6 - gap, 4), 8), Spot(0, 3, top, 6)]


def hat(space: Space, dice: Dice) -> list[Spot]:
    """Thing 1 (a hat of 4 cells) covers the top of thing 0 by about a cell."""
    (left, top, right, _), (_, _, _, brim) = space.boxes
    row = int(3 + top * 8 + 1.2 - brim * 4)
    return [Spot(0, 2, 3, 8), Spot(1, round(2 + 8 * (left + right) / 2) - 2, max(row, 0), 4)]


def rows(space: Space, dice: Dice) -> list[Spot]:
    size, *corners = ROWS[space.count][dice.chance(0.3)]
    return [Spot(0, column, row, size) for column, row in corners]


def shift(spots: list[Spot], moved: float, grounded: bool, dice: Dice) -> list[Spot]:
    """Moves all spots together: onto the ground of a place, and now and then off the centre."""
    left = min(spot.column for spot in spots)
    right = CELLS - max(spot.column + spot.cells for spot in spots)
    above = min(spot.row for spot in spots)
    below = CELLS - max(spot.row + spot.cells for spot in spots)
    columns = down = 0
    if dice.chance(moved):
        columns = dice.pick(range(-min(left, 2), min(right, 2) + 1))
        down = dice.pick(range(-min(above, 2), min(below, 2) + 1))
    if grounded:
        down = max(below - 1, 0)
    return [Spot(s.thing, s.column + columns, s.row + down, s.cells) for s in spots]


@dataclass(frozen=True)
class Layout:
    """Who may play each role, how they stand, and what that relation is called."""

    arrange: Callable[[Space, Dice], list[Spot]]
    roles: tuple[Callable[[Kind], bool], ...]
    relation: str | None = None


def _anything(kind: Kind) -> bool:
    return True


def _common(kind: Kind) -> bool:
    return kind.weight >= 0.5


def _countable(kind: Kind) -> bool:
    return bool(kind.plural)


def _rider(kind: Kind) -> bool:
    return kind.id in RIDERS or (kind.group == "animals" and kind.weight >= 1)


LAYOUTS = {
    "single": Layout(single, (_anything,)),
    "pair": Layout(pair, (_common, _common), "beside"),
    "stack": Layout(stack, (_common, _common), "above"),
    "on": Layout(on, (_common, _common), "on"),
    "ride": Layout(ride, (_rider, lambda kind: kind.id in RIDES), "riding"),
    "hat": Layout(hat, (lambda kind: kind.id in WEARERS, lambda kind: kind.id in HATS), "wearing"),
    "count": Layout(rows, (_countable,)),
}


class Casting:
    """Chooses kinds for a layout's roles, each as often as its weight to a power says."""

    def __init__(self, layout: Layout, kinds: tuple[Kind, ...], everyday: float = 1.0):
        self._candidates = [[kind for kind in kinds if fits(kind)] for fits in layout.roles]
        self._sums = [
            list(accumulate(kind.weight**everyday for kind in kinds)) for kinds in self._candidates
        ]

    def choose(self, dice: Dice) -> list[Kind]:
        """One kind for each role, all different."""
        chosen: list[Kind] = []
        for kinds, sums in zip(self._candidates, self._sums, strict=True):
            while (kind := kinds[bisect_right(sums, dice.share() * sums[-1])]) in chosen:
                pass
            chosen.append(kind)
        return chosen
