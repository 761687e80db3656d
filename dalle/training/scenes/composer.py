"""Makes captioned pictures of everyday things: the same one for the same seed, stage and index.

A picture is things on nothing, laid on a grid of cells, and four choices for the whole of it: a
ground, a tint of the things, a style and a look. Every position and size is a whole number of
cells, so that a thing has the same pixels inside each cell wherever it stands: a cell is one image
token, and the sequence model learns far faster when tokens repeat.
"""

import zlib
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from dalle.errors import DalleError
from dalle.training.scenes.captions import Captioner, Subject, names_colour
from dalle.training.scenes.casting import LAYOUTS, Casting
from dalle.training.scenes.colours import COLOURS, TINTS, tint
from dalle.training.scenes.dice import Dice
from dalle.training.scenes.everyday.captioner import EverydayCaptioner
from dalle.training.scenes.grid import SIDE, lay, over
from dalle.training.scenes.headers import header_codes
from dalle.training.scenes.layouts import LARGE, MIDDLE, SMALL, Space, Spot, shift
from dalle.training.scenes.looks import LOOKS
from dalle.training.scenes.places import PLACES, VARIANTS, render_ground
from dalle.training.scenes.sprites import SpriteLibrary
from dalle.training.scenes.vocabulary import Kind


@dataclass(frozen=True)
class Stage:
    """The frequencies of contents; shares are relative, each probability stands for itself."""

    layouts: dict[str, float]
    styles: dict[str, float]
    counts: tuple[int, ...] = (2, 3, 4, 5)
    tinted: float = 0.0  # things of one kind are shown, and asked for, in another colour
    placed: float = 0.0  # a place instead of a plain background
    looked: float = 0.0  # a look, which is asked for
    unasked: float = 0.0  # one of UNASKED where none is
    large: float = 0.5  # a single thing is large where no size is said, else of the middle size
    resized: float = 0.0  # a single thing is big or small
    moved: float = 0.25  # things stand off the centre
    natural: float = 0.1  # a thing's own colour is said
    worded: float = 0.0  # the caption is in everyday words, not in the plain grammar
    everyday: float = 1.0  # power of the things' weights: the higher, the fewer rare things


# Four things in a picture are learned at the price of one: every cell is paid for anyway.
FEW = {"single": 44, "pair": 22, "trio": 8, "quartet": 20, "count": 6}
# What one thing does to another, several and many of a kind.
ACTS = {"hold": 4, "handful": 3, "surround": 2, "crowd": 3, "two kinds": 2, "chase": 3, "fight": 3,
        "love": 2, "talk": 2, "inside": 5, "hide": 2}  # fmt: skip
# Harder scenes are shown more often: large things (36 codes each), small ones, several of a kind.
MANY = {"single": 44, "pair": 4, "trio": 2, "quartet": 4, "quintet": 3, "stack": 2, "on": 3,
        "ride": 3, "hat": 2, "front": 2, "meal": 2, "count": 9} | ACTS  # fmt: skip
# As in usual prompts: more often two things, and several of a kind.
ASKED = {"single": 38, "pair": 7, "trio": 2, "quartet": 3, "quintet": 2, "stack": 2, "on": 4,
         "ride": 4, "hat": 3, "front": 3, "meal": 3, "count": 9} | ACTS  # fmt: skip
# Two to ten of a kind, the first four twice as often.
COUNTS = (2, 3, 4, 5, 2, 3, 4, 5, 6, 7, 8, 9, 10)
# For learning how drawn things are finished: single things and several, nearly all of it seen.
FULL = {"single": 50, "quartet": 16, "packed": 12, "pair": 8, "quintet": 4, "ride": 3, "hat": 2,
        "front": 3, "count": 2}  # fmt: skip
# For learning the look of cells: hardly any is empty.
CROWDED = {"packed": 50, "quartet": 25, "quintet": 5, "single": 10, "ride": 4, "hat": 2, "front": 2,
           "meal": 2}  # fmt: skip
MOSTLY_3D = {"3d": 0.6, "noto": 0.2, "twemoji": 0.2}
STAGES = {
    "things": Stage({"single": 1}, MOSTLY_3D),
    "cells": Stage(CROWDED, MOSTLY_3D, resized=0.15, moved=0.8, everyday=0.7),
    "looks": Stage(MANY, MOSTLY_3D, placed=0.5, looked=0.9, resized=0.15, moved=0.8),
    "finish": Stage(FULL, MOSTLY_3D, resized=0.15, moved=0.7, large=0.8, everyday=0.8),
    "first": Stage(
        FEW, MOSTLY_3D,
        tinted=0.08, placed=0.25, looked=0.1, resized=0.1, everyday=1.5,
    ),
    "full": Stage(
        MANY, MOSTLY_3D, tinted=0.12, placed=0.35, looked=0.15, unasked=0.15, large=0.7,
        resized=0.15, moved=0.8, everyday=0.9, counts=COUNTS,
    ),
    "asked": Stage(
        ASKED, MOSTLY_3D, tinted=0.12, placed=0.35, looked=0.15, unasked=0.12, large=0.7,
        resized=0.15, moved=0.8, worded=0.67, everyday=0.95, counts=COUNTS,
    ),
}  # fmt: skip
WHITE = 0.12  # the share of white backgrounds beyond its turn among the colours
# Looks of scenes without a wanted look: their colours can still be recognised.
UNASKED = tuple(name for name, (_, coloured, *_) in LOOKS.items() if coloured)
COLOURLESS = ("people", "body", "faces")  # groups whose colour is neither changed nor remarked on


@dataclass(frozen=True)
class Placed:
    """One thing in a picture; `box` is (column, row, size) in cells."""

    kind: str
    style: str
    colour: str | None  # its tint; None as drawn
    box: tuple[int, int, int]
    whole: bool = False  # takes the cells of others as a whole, see `grid.lay`


@dataclass(frozen=True)
class Scene:
    """A captioned picture, and its content."""

    foreground: np.ndarray = field(repr=False)  # the things alone, uint8 [192, 192, 4]
    caption: str
    plain: str  # the caption in the plain grammar
    things: tuple[Placed, ...]
    ground: str | tuple[str, int]  # a colour, or a place and which of its variants
    style: str
    tint: str | None
    look: str | None
    relation: str | None
    count: int

    @property
    def background(self) -> str:
        """The colour or the place."""
        return self.ground if isinstance(self.ground, str) else self.ground[0]

    @property
    def header(self) -> tuple[int, int, int, int]:
        """The codes for the whole picture."""
        return header_codes(self.look, self.style, self.tint, self.ground)

    @cached_property
    def image(self) -> np.ndarray:
        """uint8 [192, 192, 3]."""
        things = tint(self.foreground, self.tint) if self.tint else self.foreground
        image = over(things, render_ground(self.ground))
        return LOOKS[self.look][0](image) if self.look else image


@dataclass(frozen=True)
class Actor:
    """A chosen kind and how it is drawn."""

    kind: Kind
    style: str


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
        """Chooses the content of a scene, renders and captions it."""
        dice, stage = Dice(*self._key, index), self._stage
        name = dice.weighted(stage.layouts)
        style = dice.weighted(stage.styles)
        place = dice.pick(tuple(PLACES)) if dice.chance(stage.placed) else None
        look = dice.pick(tuple(LOOKS)) if dice.chance(stage.looked) else None
        # Without it no die is thrown, so that the scenes of other stages stay the same.
        unasked = look is None and stage.unasked and dice.chance(stage.unasked)
        look = dice.pick(UNASKED) if unasked else look
        actors = [self._actor(kind, style) for kind in self._castings[name].choose(dice)]
        if any(is_held_out(actor.kind.id, place, look) for actor in actors):
            place = look = None
        say_colours = look is None or LOOKS[look][1]
        tinted = self._tint(actors, say_colours, dice)
        size, size_said = self._size(dice)
        size_said = size_said and name == "single"
        boxes = [self._library.box(actor.kind.id, actor.style) for actor in actors]
        spots = LAYOUTS[name].arrange(Space(boxes, size, dice.pick(stage.counts)), dice)
        spots = shift(spots, stage.moved, place is not None and PLACES[place][2], dice)
        background = place or self._background(tinted, dice)

        worded = stage.worded and dice.chance(stage.worded)
        captioner = (EverydayCaptioner if worded else Captioner)(dice, say_colours)
        copies = Counter(spot.thing for spot in spots)
        subjects = tuple(
            Subject(
                actor.kind,
                tinted or self._natural_colour(actor, say_colours, dice),
                size if size_said else None,
                copies[number],
            )
            for number, actor in enumerate(actors)
        )
        relation = LAYOUTS[name].relation
        if relation:
            told = captioner.related(relation, subjects)
        elif len(spots) > 1:
            told = captioner.several(subjects[0], len(spots))
        else:
            told = captioner.alone(subjects[0])
        manner = (None, None) if unasked and look else (actors[0].style, look)
        caption = captioner.caption(told, background, *manner)
        return Scene(
            foreground=self._lay(actors, spots, LAYOUTS[name].whole),
            caption=caption,
            plain=captioner.plain or caption,
            things=tuple(
                _placed(actors[spot.thing], spot, tinted, LAYOUTS[name].whole) for spot in spots
            ),
            ground=(place, dice.pick(range(VARIANTS))) if place else background,
            style=actors[0].style,
            tint=tinted,
            look=look,
            relation=relation,
            count=len(spots),
        )

    def _actor(self, kind: Kind, style: str) -> Actor:
        # Not every thing was drawn in every style.
        styles = (style, *self._stage.styles, *self._library.styles(kind.id))
        return Actor(kind, next(s for s in styles if self._library.has(kind.id, s)))

    def _tint(self, actors: list[Actor], say_colours: bool, dice: Dice) -> str | None:
        """Another colour for the one kind of thing that is shown."""
        tintable = len(actors) == 1 and say_colours and has_free_colour(actors[0].kind)
        return dice.pick(TINTS) if tintable and dice.chance(self._stage.tinted) else None

    def _size(self, dice: Dice) -> tuple[int, bool]:
        """Cells of a single thing, and whether the caption says that it is big or small."""
        if not dice.chance(self._stage.resized):
            return LARGE if dice.chance(self._stage.large) else MIDDLE, False
        return dice.pick((SMALL, LARGE)), dice.chance(0.8)

    def _background(self, tinted: str | None, dice: Dice) -> str:
        """A plain colour, but not the things' tint, or they could not be seen."""
        colour = "white" if dice.chance(WHITE) else dice.pick(tuple(COLOURS))
        return next(c for c in (colour, "white", "black") if c != tinted)

    def _lay(self, actors: list[Actor], spots: list[Spot], whole: bool) -> np.ndarray:
        foreground = np.zeros((SIDE, SIDE, 4), np.uint8)
        for spot in spots:
            actor = actors[spot.thing]
            lay(
                foreground,
                self._library.pixels(actor.kind.id, actor.style, spot.cells),
                spot.column,
                spot.row,
                whole=whole,
            )
        return foreground

    def _natural_colour(self, actor: Actor, say_colours: bool, dice: Dice) -> str | None:
        if not (say_colours and has_free_colour(actor.kind)):
            return None
        natural = self._library.colour(actor.kind.id, actor.style)
        return natural if dice.chance(self._stage.natural) else None


def is_held_out(kind: str, place: str | None, look: str | None) -> bool:
    """Whether scenes never show this thing in this place, or in this look: a tenth of all pairs."""
    return any(
        chosen and zlib.crc32(f"{kind} {chosen}".encode()) % 10 == 0 for chosen in (place, look)
    )


def _placed(actor: Actor, spot: Spot, tinted: str | None, whole: bool) -> Placed:
    return Placed(actor.kind.id, actor.style, tinted, (spot.column, spot.row, spot.cells), whole)


def has_free_colour(kind: Kind) -> bool:
    """Whether a colour may be put before its name: not a green green apple, not a purple woman."""
    return kind.group not in COLOURLESS and not names_colour(kind.label)
