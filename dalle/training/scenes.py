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
from dalle.training.dice import Dice
from dalle.training.grid import CELL
from dalle.training.layouts import LAYOUTS, Casting, Space, Spot, shift
from dalle.training.looks import LOOKS
from dalle.training.places import PLACES, VARIANTS, draw_place, draw_plain
from dalle.training.sprites import SpriteLibrary
from dalle.training.vocabulary import Kind, with_article


@dataclass(frozen=True)
class Stage:
    """What is shown how often; shares are relative, each probability stands for itself."""

    layouts: dict[str, float]
    styles: dict[str, float]
    counts: tuple[int, ...] = (2, 2, 3, 3, 4, 5)
    tinted: float = 0.0  # a thing is shown, and asked for, in another colour
    placed: float = 0.0  # a place instead of a plain background
    looked: float = 0.0  # a look
    resized: float = 0.0  # a single thing is big or small
    moved: float = 0.25  # things stand off the centre
    natural: float = 0.1  # a thing's own colour is said
    everyday: float = 1.0  # power of the things' weights: the higher, the fewer rare things


STAGES = {
    "things": Stage({"single": 1}, {"3d": 0.6, "noto": 0.4}),
    "first": Stage(
        {"single": 97, "pair": 3}, {"3d": 1}, tinted=0.03, moved=0.2, natural=0.15, everyday=5.0
    ),
    "simple": Stage(
        {"single": 88, "pair": 8, "count": 4}, {"3d": 0.6, "noto": 0.4},
        counts=(2, 3), tinted=0.07, placed=0.03, resized=0.08,
    ),
    "mixed": Stage(
        {"single": 70, "pair": 12, "stack": 3, "on": 3, "ride": 2, "hat": 2, "count": 8},
        {"3d": 0.5, "noto": 0.4, "flat": 0.05, "twemoji": 0.05},
        tinted=0.08, placed=0.1, looked=0.04, resized=0.1,
    ),
    "full": Stage(
        {"single": 52, "pair": 14, "stack": 6, "on": 6, "ride": 5, "hat": 5, "count": 12},
        {"3d": 0.4, "noto": 0.3, "flat": 0.15, "twemoji": 0.15},
        tinted=0.15, placed=0.28, looked=0.12, resized=0.15, moved=0.35,
    ),
}  # fmt: skip
WHITE = 0.12  # the share of white backgrounds beyond its turn among the colours
COLOURLESS = ("people", "body", "faces")  # groups whose colour is neither changed nor remarked on


@dataclass(frozen=True)
class Placed:
    """One thing in a picture; `box` is (column, row, size) in cells."""

    kind: str
    style: str
    colour: str | None  # its tint; None as drawn
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


@dataclass(frozen=True)
class Actor:
    """A chosen kind, how it is drawn, and in which tint."""

    kind: Kind
    style: str
    tint: str | None


class SceneComposer:
    """Composes scene number `index` of a stage; another seed gives other scenes."""

    def __init__(self, library: SpriteLibrary, stage: str, seed: int = 0):
        if stage not in STAGES:
            raise DalleError(
                f"stage is {stage!r}; it must be one of {', '.join(STAGES)}; choose one of them"
            )
        self._library = library
        self._stage = STAGES[stage]
        self._key = (seed, zlib.crc32(stage.encode()))
        self._castings = {
            name: Casting(LAYOUTS[name], library.kinds, self._stage.everyday)
            for name in self._stage.layouts
        }

    def compose(self, index: int) -> Scene:
        """Chooses what to show, draws it and tells it."""
        dice, stage = Dice(*self._key, index), self._stage
        name = dice.weighted(stage.layouts)
        style = dice.weighted(stage.styles)
        place = dice.pick(tuple(PLACES)) if dice.chance(stage.placed) else None
        look = dice.pick(tuple(LOOKS)) if dice.chance(stage.looked) else None
        say_colours = look is None or LOOKS[look][1]

        kinds = self._castings[name].choose(dice)
        actors = [self._actor(kind, style, say_colours, dice) for kind in kinds]
        size, size_said = self._size(dice) if name == "single" else (8, False)
        boxes = [self._library.box(actor.kind.id, actor.style) for actor in actors]
        spots = LAYOUTS[name].arrange(Space(boxes, size, dice.pick(stage.counts)), dice)
        spots = shift(spots, stage.moved, place is not None and PLACES[place][2], dice)
        background = place or self._background(actors, dice)

        image = self._draw(background, actors, spots, dice)
        captioner = Captioner(dice, say_colours)
        subjects = tuple(
            Subject(a.kind, self._said_colour(a, say_colours, dice), size if size_said else None)
            for a in actors
        )
        relation = LAYOUTS[name].relation
        if relation:
            told = captioner.related(relation, subjects)
        elif len(spots) > 1:
            told = captioner.several(subjects[0], len(spots))
        else:
            told = captioner.thing(subjects[0])
        return Scene(
            image=LOOKS[look][0](image) if look else image,
            caption=captioner.caption(told, actors[0].style, background, look),
            things=tuple(_placed(actors[spot.thing], spot) for spot in spots),
            background=background,
            look=look,
            relation=relation,
            count=len(spots),
        )

    def _actor(self, kind: Kind, style: str, tintable: bool, dice: Dice) -> Actor:
        # Not every thing was drawn in every style.
        styles = (style, *self._stage.styles, *self._library.styles(kind.id))
        style = next(s for s in styles if self._library.has(kind.id, s))
        tinted = tintable and has_free_colour(kind) and dice.chance(self._stage.tinted)
        return Actor(kind, style, dice.pick(TINTS) if tinted else None)

    def _size(self, dice: Dice) -> tuple[int, bool]:
        """Cells of a single thing, and whether the caption says that it is big or small."""
        if not dice.chance(self._stage.resized):
            return 8, False
        return dice.pick((6, 10)), dice.chance(0.8)

    def _background(self, actors: list[Actor], dice: Dice) -> str:
        """A plain colour, but no thing's tint, or the thing could not be seen."""
        colour = "white" if dice.chance(WHITE) else dice.pick(tuple(COLOURS))
        taken = {actor.tint for actor in actors}
        return next(c for c in (colour, "white", "black", "beige") if c not in taken)

    def _draw(
        self, background: str, actors: list[Actor], spots: list[Spot], dice: Dice
    ) -> np.ndarray:
        if background in PLACES:
            image = draw_place(background, dice.pick(range(VARIANTS))).copy()
        else:
            image = draw_plain(background).copy()
        for spot in spots:
            actor = actors[spot.thing]
            sprite = self._library.pixels(actor.kind.id, actor.style, spot.cells)
            lay(image, tint(sprite, actor.tint) if actor.tint else sprite, spot.column, spot.row)
        return image

    def _said_colour(self, actor: Actor, say_colours: bool, dice: Dice) -> str | None:
        if actor.tint or not (say_colours and has_free_colour(actor.kind)):
            return actor.tint
        natural = self._library.colour(actor.kind.id, actor.style)
        return natural if dice.chance(self._stage.natural) else None


def _placed(actor: Actor, spot: Spot) -> Placed:
    return Placed(actor.kind.id, actor.style, actor.tint, (spot.column, spot.row, spot.cells))


def has_free_colour(kind: Kind) -> bool:
    """Whether a colour may be put before its name: not a green green apple, not a purple woman."""
    return kind.group not in COLOURLESS and not names_colour(kind.label)


def lay(image: np.ndarray, sprite: np.ndarray, column: int, row: int) -> None:
    """Composes a cut-out [S, S, 4] onto the picture, in place, at a cell."""
    side = len(sprite)
    view = image[row * CELL : row * CELL + side, column * CELL : column * CELL + side]
    alpha = sprite[..., 3:].astype(np.uint16)
    mixed = sprite[..., :3] * alpha + view * (255 - alpha) + 128
    view[:] = (mixed + (mixed >> 8)) >> 8  # exact division by 255


def evaluation_prompts(
    library: SpriteLibrary, n: int, seed: int, least_weight: float = 1.0
) -> list[tuple[str, str, str]]:
    """(prompt, kind id, colour name), all of the simplest form, over everyday things."""
    random = np.random.default_rng([seed, zlib.crc32(b"evaluation")])
    kinds = [kind for kind in library.kinds if kind.weight >= least_weight]
    names = tuple(COLOURS)
    prompts = []
    while len(prompts) < n:
        for row in random.permutation(len(kinds)):
            colour = names[random.integers(len(names))]
            prompt = f"{kinds[row].phrase} on {with_article(colour)} background"
            prompts.append((prompt, kinds[row].id, colour))
    return prompts[:n]
