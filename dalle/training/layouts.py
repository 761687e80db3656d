"""Where things stand in a picture of 12 x 12 cells: alone, side by side, one on another, in rows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dalle.training.places import CELLS
from dalle.training.vocabulary import Kind

Box = tuple[float, float, float, float]  # left, top, right, bottom of what is opaque, 0..1

HATS = ("top-hat", "crown", "graduation-cap", "baseball-cap", "sun-hat", "military-helmet",
        "rescue-helmet")  # fmt: skip
# Seen from the front, with the head on top.
WEARERS = ("dog-face", "cat-face", "tiger-face", "horse-face", "cow-face", "pig-face", "mouse-face",
           "rabbit-face", "monkey-face", "bear", "panda", "koala", "polar-bear", "fox", "wolf",
           "raccoon", "lion", "hamster", "frog", "owl", "penguin", "chick", "front-facing-chick",
           "robot", "alien", "ghost", "skull", "teddy-bear", "smiley-face", "pile-of-poo",
           "pumpkin", "jack-o-lantern", "octopus", "baby", "man", "woman", "boy", "girl",
           "old-man", "old-woman", "face-with-sunglasses", "sun-with-a-face", "avocado", "egg",
           "potato", "pineapple", "moai-statue", "cactus", "snail", "duck")  # fmt: skip
RIDES = ("skateboard", "bicycle", "motorcycle", "motor-scooter", "kick-scooter", "car", "tractor",
         "horse", "elephant", "turtle", "dinosaur", "t-rex", "whale", "dolphin", "sled", "canoe",
         "sailboat", "speedboat", "bus", "racing-car", "pickup-truck", "rocket", "airplane",
         "steam-train", "unicorn", "dragon", "camel", "cloud", "broom", "snail",
         "shopping-cart")  # fmt: skip


@dataclass(frozen=True)
class Spot:
    """The square that thing number `thing` fills, in cells."""

    thing: int
    column: int
    row: int
    cells: int


class Layout:
    """How many kinds a picture shows, which ones may be chosen, and where they go."""

    def __init__(self, kinds: tuple[Kind, ...], relation: str | None,
                 roles: tuple[Callable[[Kind], bool], ...], arrange: Callable,
                 takes_tint: bool = True):  # fmt: skip
        self.relation = relation
        self.takes_tint = takes_tint
        self._arrange = arrange
        self._roles = [_Lottery([kind for kind in kinds if fits(kind)]) for fits in roles]

    def choose_kinds(self, random: np.random.Generator) -> list[Kind]:
        """One kind for each role, all different."""
        chosen: list[Kind] = []
        for lottery in self._roles:
            kind = lottery.draw(random)
            while kind in chosen:
                kind = lottery.draw(random)
            chosen.append(kind)
        return chosen

    def arrange(self, random: np.random.Generator, boxes: list[Box], cells: int,
                moved: float, grounded: bool) -> list[Spot]:  # fmt: skip
        """Spots for the chosen kinds; `cells` is the size of a single thing."""
        spots = self._arrange(random, boxes, cells)
        return _shift(random, spots, moved, grounded)


class _Lottery:
    """Draws kinds as often as their weights say."""

    def __init__(self, kinds: list[Kind]):
        self._kinds = kinds
        self._sums = np.cumsum([kind.weight for kind in kinds])

    def draw(self, random: np.random.Generator) -> Kind:
        return self._kinds[int(np.searchsorted(self._sums, random.random() * self._sums[-1], "right"))]


def _shift(random, spots: list[Spot], moved: float, grounded: bool) -> list[Spot]:
    """Moves all spots together: to the ground of a place, else now and then off the centre."""
    left = min(spot.column for spot in spots)
    right = CELLS - max(spot.column + spot.cells for spot in spots)
    top = min(spot.row for spot in spots)
    bottom = CELLS - max(spot.row + spot.cells for spot in spots)
    columns = rows = 0
    if random.random() < moved:
        columns = int(random.integers(-min(left, 2), min(right, 2) + 1))
        rows = int(random.integers(-min(top, 2), min(bottom, 2) + 1))
    if grounded:
        rows = max(bottom - 1, 0)
    return [Spot(s.thing, s.column + columns, s.row + rows, s.cells) for s in spots]


def _single(random, boxes, cells):
    return [Spot(0, (CELLS - cells) // 2, (CELLS - cells) // 2, cells)]


def _pair(random, boxes, cells):
    return [Spot(0, 0, 3, 6), Spot(1, 6, 3, 6)]


def _stack(random, boxes, cells):
    return [Spot(0, 3, 0, 6), Spot(1, 3, 6, 6)]


def _on(random, boxes, cells):
    """Thing 0 stands on thing 1: as close as whole cells allow, with a little overlap."""
    gap = int((1 - boxes[0][3] + boxes[1][1]) * 6 + 0.5)
    height = 12 - gap
    top = (CELLS - height) // 2
    # Below first, so that what is on top covers it.
    return [Spot(1, 3, top + 6 - gap, 6), Spot(0, 3, top, 6)]


def _ride(random, boxes, cells):
    """Thing 0 (6 cells) sits on thing 1 (8 cells), sunk in by about one cell."""
    gap = int((1 - boxes[0][3]) * 6 + boxes[1][1] * 8 + 1)
    height = max(14 - gap, 8)
    top = max((CELLS - height) // 2, 0)
    return [Spot(1, 2, min(top + height - 8, 4), 8), Spot(0, 3, top, 6)]


def _hat(random, boxes, cells):
    """Thing 1 (a hat of 4 cells) on the head of thing 0."""
    row = 3
    head = row + boxes[0][1] * 8
    hat_row = int(np.clip(np.floor(head + 1.2 - 4 * boxes[1][3]), 0, row + 2))
    middle = 2 + 8 * (boxes[0][0] + boxes[0][2]) / 2
    return [Spot(0, 2, row, 8), Spot(1, int(round(middle - 2)), hat_row, 4)]


# Upper left corners of the copies; 6 cells each for two, else 4.
ARRANGEMENTS = {
    2: ((6, (0, 3), (6, 3)), (4, (1, 4), (7, 4))),
    3: ((4, (0, 4), (4, 4), (8, 4)), (4, (4, 1), (1, 6), (7, 6))),
    4: ((4, (1, 1), (7, 1), (1, 7), (7, 7)), (4, (2, 2), (6, 2), (2, 6), (6, 6))),
    5: ((4, (0, 0), (8, 0), (4, 4), (0, 8), (8, 8)), (4, (0, 2), (4, 2), (8, 2), (2, 6), (6, 6))),
}


def _count(random, boxes, cells):
    number = int(random.choice((2, 2, 3, 3, 4, 5)))
    side, *corners = ARRANGEMENTS[number][int(random.random() < 0.3)]
    return [Spot(0, column, row, side) for column, row in corners]


def _any(kind: Kind) -> bool:
    return True


def _common(kind: Kind) -> bool:
    return kind.weight >= 0.5


def _countable(kind: Kind) -> bool:
    return bool(kind.plural)


def _rider(kind: Kind) -> bool:
    riders = ("robot", "alien", "ghost", "teddy-bear", "snowman", "astronaut", "ninja", "wizard")
    return kind.id in riders or (kind.group == "animals" and kind.weight == 1)


def _one_of(ids: tuple[str, ...]) -> Callable[[Kind], bool]:
    return lambda kind: kind.id in ids


# name: (relation, who may play each role, where they go)
LAYOUTS = {
    "single": (None, (_any,), _single),
    "pair": ("beside", (_common, _common), _pair),
    "stack": ("above", (_common, _common), _stack),
    "on": ("on", (_common, _common), _on),
    "ride": ("riding", (_rider, _one_of(RIDES)), _ride),
    "hat": ("wearing", (_one_of(WEARERS), _one_of(HATS)), _hat),
    "count": (None, (_countable,), _count),
}
