"""Which things play which role in which layout, and how often each is chosen."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from dalle.training.scenes import acts, layouts
from dalle.training.scenes.dice import Dice
from dalle.training.scenes.layouts import Space, Spot
from dalle.training.scenes.vocabulary import Kind

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
# Things that another may stand before.
BACKS = ("house", "house-with-a-garden", "abandoned-house", "castle", "japanese-castle", "tree",
         "pine-tree", "palm-tree", "christmas-tree", "mountain", "snowy-mountain", "volcano",
         "church", "school", "office-building", "tokyo-tower", "rainbow", "tent", "circus-tent",
         "ferris-wheel", "bus", "train", "ship", "rocket", "sun", "full-moon",
         "earth")  # fmt: skip
# Things that another may look out of.
CONTAINERS = ("cardboard-box", "bathtub", "bucket", "basket", "shopping-cart", "trash-can",
              "barrel", "suitcase", "jar", "teacup", "cup-of-coffee", "cup-of-green-tea",
              "pot-of-stew", "nest-with-eggs", "hole", "bed", "toilet", "coffin", "car",
              "racing-car", "pickup-truck", "taxi", "police-car", "bus", "canoe", "speedboat",
              "tent", "volcano", "christmas-tree")  # fmt: skip
# Signs for what is between two things.
FIGHTING, LOVING, TALKING = "explosion", "heart", "speech-bubble"


@dataclass(frozen=True)
class Layout:
    """The things for each role, their places, and the words for the relation."""

    arrange: Callable[[Space, Dice], list[Spot]]
    roles: tuple[Callable[[Kind], bool], ...]
    relation: str | None = None
    sign: str = ""  # a kind that is shown last, and that no caption names
    whole: bool = False  # whether things take the cells of others as a whole, see `grid.lay`


def _anything(kind: Kind) -> bool:
    return True


def _common(kind: Kind) -> bool:
    return kind.weight >= 0.5


def _countable(kind: Kind) -> bool:
    return bool(kind.plural)


def _animal(kind: Kind) -> bool:
    return kind.group == "animals" and kind.weight >= 1


def _rider(kind: Kind) -> bool:
    return kind.id in RIDERS or _animal(kind)


def _plural(kind: Kind) -> bool:
    return _common(kind) and _countable(kind)


def _one_of(*ids: str) -> Callable[[Kind], bool]:
    return lambda kind: kind.id in ids


def _creature(kind: Kind) -> bool:
    living = kind.group in ("animals", "people") and kind.weight >= 0.5
    return living or kind.id in RIDERS or kind.id in WEARERS


def _food(kind: Kind) -> bool:
    return kind.group == "food" and kind.weight >= 1


LAYOUTS = {
    "single": Layout(layouts.single, (_anything,)),
    "pair": Layout(layouts.pair, (_common, _common), "beside"),
    "stack": Layout(layouts.stack, (_common, _common), "above"),
    "on": Layout(layouts.on, (_common, _common), "on"),
    "ride": Layout(layouts.ride, (_rider, _one_of(*RIDES)), "riding"),
    "hat": Layout(layouts.hat, (_one_of(*WEARERS), _one_of(*HATS)), "wearing"),
    "front": Layout(layouts.front, (_common, _one_of(*BACKS)), "in front of"),
    "meal": Layout(layouts.meal, (_rider, _food), "eating"),
    "trio": Layout(layouts.group, (_common,) * 3, "three together"),
    "quartet": Layout(layouts.group, (_common,) * 4, "four together"),
    "quintet": Layout(layouts.group, (_common,) * 5, "five together"),
    "packed": Layout(layouts.packed, (_anything,) * 8, "many together"),
    "count": Layout(layouts.rows, (_countable,)),
    "hold": Layout(acts.hold, (_creature, _common), "holding"),
    "handful": Layout(acts.hold_several, (_creature, _plural), "holding several"),
    "surround": Layout(acts.surround, (_common, _plural), "surrounded by"),
    "crowd": Layout(acts.crowd, (_plural,)),
    "chase": Layout(acts.chase, (_creature, _common), "chasing"),
    "fight": Layout(acts.face, (_common, _common), "fighting", sign=FIGHTING),
    "love": Layout(acts.face, (_creature, _common), "in love with", sign=LOVING),
    "talk": Layout(acts.face, (_creature, _common), "talking to", sign=TALKING),
    "two kinds": Layout(acts.two_kinds, (_plural, _plural), "several of both"),
    "hide": Layout(acts.hide, (_creature, _common), "behind", whole=True),
    "inside": Layout(acts.inside, (_common, _one_of(*CONTAINERS)), "in", whole=True),
}


class Casting:
    """Chooses kinds for a layout's roles, each as often as its weight to a power says."""

    def __init__(self, layout: Layout, kinds: tuple[Kind, ...], everyday: float = 1.0):
        roles = (*layout.roles, *((_one_of(layout.sign),) if layout.sign else ()))
        self._candidates = [[kind for kind in kinds if fits(kind)] for fits in roles]
        self._sums = [
            list(accumulate(kind.weight**everyday for kind in kinds)) for kinds in self._candidates
        ]

    def choose(self, dice: Dice) -> list[Kind]:
        """One kind for each role, all different, and the sign."""
        while True:
            chosen = [
                kinds[bisect_right(sums, dice.share() * sums[-1])]
                for kinds, sums in zip(self._candidates, self._sums, strict=True)
            ]
            if len({kind.id for kind in chosen}) == len(chosen):
                return chosen
