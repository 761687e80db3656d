"""Makes captioned pictures of everyday things: the same one for the same seed, stage and index.

A picture is 12 x 12 cells of 16 pixels. Every position and size is a whole number of cells, so that
a thing has the same pixels inside each cell wherever it stands: a cell is one image token, and the
sequence model learns far faster when tokens repeat.
"""

import zlib
from dataclasses import dataclass, field

import numpy as np

from dalle.errors import DalleError
from dalle.training.captions import Captioner, Subject, names_colour
from dalle.training.colours import COLOURS, TINTS, tint
from dalle.training.layouts import LAYOUTS, Layout
from dalle.training.looks import LOOKS
from dalle.training.places import CELL, PLACES, SIDE, VARIANTS, draw_place
from dalle.training.sprites import SpriteLibrary
from dalle.training.vocabulary import Kind


@dataclass(frozen=True)
class Stage:
    """What is shown how often; shares need not add up to one, probabilities are each their own."""

    layouts: dict[str, float]
    styles: dict[str, float]
    tinted: float = 0.0  # probability that a thing is shown, and asked for, in another colour
    placed: float = 0.0  # probability of a place instead of a plain background
    looked: float = 0.0  # probability of a look
    resized: float = 0.0  # probability that a single thing is big or small
    moved: float = 0.25  # probability that things stand off the centre
    natural: float = 0.1  # probability that a thing's own colour is said


STAGES = {
    "things": Stage({"single": 1}, {"3d": 0.6, "noto": 0.4}),
    "simple": Stage(
        {"single": 88, "pair": 8, "count": 4},
        {"3d": 0.6, "noto": 0.4},
        tinted=0.07, placed=0.03, resized=0.08,
    ),
    "full": Stage(
        {"single": 52, "pair": 14, "stack": 6, "on": 6, "ride": 5, "hat": 5, "count": 12},
        {"3d": 0.4, "noto": 0.3, "flat": 0.15, "twemoji": 0.15},
        tinted=0.15, placed=0.28, looked=0.12, resized=0.15, moved=0.35,
    ),
}  # fmt: skip
WHITE_SHARE = 0.12  # of plain backgrounds, beyond its turn


@dataclass(frozen=True)
class Placed:
    """One thing in a picture; `box` is (column, row, size) in cells."""

    kind: str
    style: str
    colour: str | None
    box: tuple[int, int, int]


@dataclass(frozen=True)
class Scene:
    """A picture, uint8 [192, 192, 3], its caption, and what is in it."""

    image: np.ndarray = field(repr=False)
    caption: str
    things: tuple[Placed, ...]
    background: str  # a colour or a place
    look: str | None
    relation: str | None
    count: int


class SceneComposer:
    """Composes scene number `index` of a stage; another seed gives other scenes."""

    def __init__(self, library: SpriteLibrary, stage: str, seed: int = 0):
        if stage not in STAGES:
            raise DalleError(f"stage is {stage!r}; it must be one of {', '.join(STAGES)}")
        self.library = library
        self.stage = STAGES[stage]
        self._key = [seed, zlib.crc32(stage.encode())]
        self._layouts = {
            name: Layout(library.kinds, *LAYOUTS[name]) for name in self.stage.layouts
        }

    def compose(self, index: int) -> Scene:
        random = np.random.default_rng([*self._key, index])
        words = Captioner(random)
        stage = self.stage
        name = choose(random, stage.layouts)
        style = choose(random, stage.styles)
        place = words.pick(tuple(PLACES)) if words.chance(stage.placed) else None
        look = words.pick(tuple(LOOKS)) if words.chance(stage.looked) else None
        say_colours = look is None or LOOKS[look][1]

        layout = self._layouts[name]
        kinds = layout.choose_kinds(random)
        styles = [self._available(kind, style) for kind in kinds]
        boxes = [self.library.box(kind.id, s) for kind, s in zip(kinds, styles, strict=True)]
        cells, said = self._size(words) if name == "single" else (8, False)
        spots = layout.arrange(random, boxes, cells, stage.moved, bool(place and PLACES[place][2]))
        tints = [self._tint(words, kind, say_colours and layout.takes_tint) for kind in kinds]

        colour = None if place else self._background(words, tints)
        image = np.empty((SIDE, SIDE, 3), np.uint8)
        image[:] = draw_place(place, words.pick(range(VARIANTS))) if place else COLOURS[colour]
        things = []
        for spot in spots:
            kind, s, tinted = kinds[spot.thing], styles[spot.thing], tints[spot.thing]
            sprite = self.library.pixels(kind.id, s, spot.cells)
            lay(image, tint(sprite, tinted) if tinted else sprite, spot.column, spot.row)
            things.append(Placed(kind.id, s, tinted, (spot.column, spot.row, spot.cells)))
        if look:
            image = LOOKS[look][0](image)

        subjects = tuple(
            Subject(kind, tinted or self._natural(words, kind, s, say_colours), cells, said)
            for kind, s, tinted in zip(kinds, styles, tints, strict=True)
        )
        relation = layout.relation
        if relation:
            told = words.related(relation, subjects)
        elif len(spots) > 1:
            told = words.several(subjects[0], len(spots))
        else:
            told = words.thing(subjects[0])
        return Scene(
            image=image,
            caption=words.caption(told, styles[0], colour, place, look, say_colours),
            things=tuple(things),
            background=place or colour,
            look=look,
            relation=relation,
            count=len(spots),
        )

    def _available(self, kind: Kind, style: str) -> str:
        """`style`, or another one of the stage if nobody drew this thing in it."""
        for candidate in (style, *self.stage.styles):
            if self.library.has(kind.id, candidate):
                return candidate
        return next(s for k, s in self.library.drawn if k == kind.id)

    def _size(self, words: Captioner) -> tuple[int, bool]:
        """Cells of a single thing, and whether the caption says big or small."""
        if not words.chance(self.stage.resized):
            return 8, False
        return words.pick((6, 10)), words.chance(0.8)

    def _tint(self, words: Captioner, kind: Kind, allowed: bool) -> str | None:
        if not allowed or not words.chance(self.stage.tinted) or names_colour(kind.label):
            return None
        return words.pick(TINTS)

    def _natural(self, words: Captioner, kind: Kind, style: str, allowed: bool) -> str | None:
        if not allowed or not words.chance(self.stage.natural) or names_colour(kind.label):
            return None
        return self.library.colour(kind.id, style)

    def _background(self, words: Captioner, tints: list[str | None]) -> str:
        """A plain colour other than the tints, or the thing could not be seen."""
        colour = "white" if words.chance(WHITE_SHARE) else words.pick(tuple(COLOURS))
        if colour in tints:
            colour = "white" if colour != "white" else "black"
        return colour


def choose(random: np.random.Generator, shares: dict[str, float]) -> str:
    """A key of `shares`, as often as its share says."""
    threshold = random.random() * sum(shares.values())
    for name, share in shares.items():
        threshold -= share
        if threshold < 0:
            return name
    return name


def lay(image: np.ndarray, sprite: np.ndarray, column: int, row: int) -> None:
    """Composes a cut-out [S, S, 4] onto the picture, in place, at a cell."""
    side = len(sprite)
    view = image[row * CELL : row * CELL + side, column * CELL : column * CELL + side]
    alpha = sprite[..., 3:].astype(np.uint16)
    mixed = sprite[..., :3] * alpha + view * (255 - alpha) + 128
    view[:] = (mixed + (mixed >> 8)) >> 8  # exact division by 255


def evaluation_prompts(library: SpriteLibrary, n: int, seed: int) -> list[tuple[str, str, str]]:
    """(prompt, kind id, colour name) of the simplest form, over everyday things."""
    random = np.random.default_rng([seed, 1])
    kinds = [kind for kind in library.kinds if kind.weight == 1]
    prompts = []
    for number in range(n):
        if number % len(kinds) == 0:
            order = random.permutation(len(kinds))
        kind = kinds[order[number % len(kinds)]]
        colour = tuple(COLOURS)[random.integers(len(COLOURS))]
        article = "an" if colour[0] in "aeiou" else "a"
        prompts.append((f"{kind.phrase} on {article} {colour} background", kind.id, colour))
    return prompts
