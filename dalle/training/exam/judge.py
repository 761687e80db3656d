"""Finds the things of a picture by comparing it with the drawings; it shares nothing with the
models.

First the ground and the look: of all grounds in all looks, the one that most of the picture agrees
with. Then the things: every drawing, in that look, is compared with every whole-cell place. The one
that explains most of the rest is taken, its part is removed, and so on. A drawing's errors count
twice: a brown square is like four brown snails. Small things look alike when they are shrunk, so
the best drawings of a place are compared again.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Self

import numpy as np

from dalle.training.scenes.colours import block_means, strongest
from dalle.training.scenes.grid import CELL, CELLS, SIDE, over
from dalle.training.scenes.headers import GROUND_CODES
from dalle.training.scenes.layouts import LARGE, MIDDLE, SMALL
from dalle.training.scenes.looks import BLOCK, LOOKS
from dalle.training.scenes.places import render_ground
from dalle.training.scenes.sprites import SpriteLibrary

SHRINK = 6  # pictures are compared at a sixth of their size
FINE = 2  # and the best drawings of a place again at half of it
LOOKED_AT_AGAIN = 12  # drawings
STEP = CELL // SHRINK  # pixels of a small picture from cell to cell
AGREES = 0.06  # of 0..1: a pixel differs by less from the ground in every channel
STANDS_OUT = 0.12  # a pixel that differs by more from the ground belongs to a thing
MISSING = 0.45  # at most is missing of a pixel that only has its ground, in squared differences
DOUBT = 2.0  # the weight of a drawing's errors
LEAST_GAIN = 0.3
LOOKS_TRIED = 4  # of the looks whose ground agrees about equally well
NEARLY = 0.03  # share of the picture
AS_RENDERED = 0.8  # how much better a look must explain a picture to be believed
BLOCKY = 0.45  # of all changes of colour at the borders of blocks: a quarter by chance, all at most
LEAST = 5  # pixels of a small picture that a thing has to explain
MOST_THINGS = 17


@dataclass(frozen=True)
class Found:
    """A thing that the judge recognises."""

    kind: str
    style: str
    box: tuple[int, int, int]  # column, row, size in cells


@dataclass(frozen=True)
class Seen:
    """The judge's reading of a picture."""

    things: tuple[Found, ...]  # the clearest first
    ground: str  # a colour or a place
    look: str | None
    unexplained: float  # share of the picture that is neither ground nor a known thing

    @property
    def kind(self) -> str | None:
        return self.things[0].kind if self.things else None

    def count(self, kind: str) -> int:
        return sum(found.kind == kind for found in self.things)


def shrink(pixels: np.ndarray, by: int = SHRINK) -> np.ndarray:
    """Means of `by` x `by` pixels in 0..1: [..., H, W, C] uint8 -> [..., h, w, C] float32."""
    return block_means(pixels, by) / 255


def change(picture: np.ndarray, look: str | None) -> np.ndarray:
    return LOOKS[look][0](picture) if look else picture


@dataclass(frozen=True, eq=False)
class Ground:
    """A colour, or a place and its variant, in a look."""

    code: str | tuple[str, int]
    look: str | None

    def render(self) -> np.ndarray:
        """uint8 [192, 192, 3]."""
        return change(render_ground(self.code), self.look)

    @cached_property
    def small(self) -> np.ndarray:
        return shrink(self.render())


@dataclass(frozen=True, eq=False)
class Bank:
    """All drawings of one size in one look, ready to be compared by products."""

    size: int  # cells
    names: list[tuple[str, str]]  # (kind, style)
    alphas: np.ndarray  # [drawings, s * s]
    weights: np.ndarray  # [drawings, s * s], alpha squared: a blurred edge says little
    colours: np.ndarray  # [drawings, s * s * 3], times the weights
    squares: np.ndarray  # [drawings], of the colours, times the weights

    def errors(self, pixels: np.ndarray) -> np.ndarray:
        """Errors of each drawing on windows [windows, s * s, 3] -> [drawings, windows]."""
        squares, flat = np.square(pixels).sum(-1), pixels.reshape(len(pixels), -1)
        # |drawing - picture|^2 where the drawing is
        return self.weights @ squares.T - 2 * self.colours @ flat.T + self.squares[:, None]

    def gains(self, missing: np.ndarray, errors: np.ndarray) -> np.ndarray:
        """How far each lowers the ground's error, [windows, s * s] -> [drawings, windows]."""
        return self.weights @ missing.T - DOUBT * errors


@dataclass(frozen=True, eq=False)
class Offer:
    """The drawings of a bank that explain most at one place, the best first."""

    gain: float  # of the best
    error: float
    bank: Bank
    corner: tuple[int, int]  # column, row
    drawings: np.ndarray  # indices into the bank


@dataclass(frozen=True, eq=False)
class Explanation:
    """A candidate explanation of a picture: things before a ground."""

    ground: Ground
    offers: list[Offer]  # that were taken
    cost: float  # how badly they explain it
    left: float  # share of the picture that is not explained


@dataclass(frozen=True, eq=False)
class Fit:
    """How badly the drawings of a bank fit a picture, wherever something stands out of it."""

    bank: Bank
    corners: list[tuple[int, int]]  # column and row of each window
    errors: np.ndarray  # [drawings, windows]; they stay while things are found and taken away

    @classmethod
    def of(cls, bank: Bank, small: np.ndarray, mask: np.ndarray) -> Self | None:
        """A picture [H, W, 3] and its foreground [H, W]; None where there is no foreground."""
        steps = range(CELLS - bank.size + 1)
        corners = [(column, row) for row in steps for column in steps]
        stands_out = windows(mask, corners, bank.size).sum(1) >= LEAST
        corners = [corner for corner, within in zip(corners, stands_out, strict=True) if within]
        if not corners:
            return None
        return cls(bank, corners, bank.errors(windows(small, corners, bank.size)))

    def best(self, missing: np.ndarray, mask: np.ndarray) -> Offer | None:
        """Which drawings explain most, anywhere; None where nothing stands out any more."""
        places = np.flatnonzero(windows(mask, self.corners, self.bank.size).sum(1) >= LEAST)
        if not len(places):
            return None
        corners, errors = [self.corners[place] for place in places], self.errors[:, places]
        gains = self.bank.gains(windows(missing, corners, self.bank.size), errors)
        best, place = np.unravel_index(gains.argmax(), gains.shape)
        return Offer(
            gain=float(gains[best, place]),
            error=float(errors[best, place]),
            bank=self.bank,
            corner=corners[place],
            drawings=np.argsort(-gains[:, place], kind="stable")[:LOOKED_AT_AGAIN],
        )


def windows(image: np.ndarray, corners: list[tuple[int, int]], size: int) -> np.ndarray:
    """The squares of `size` cells at corners: [H, W, ...] -> [windows, s * s, ...]."""
    side = size * STEP
    cuts = [image[r * STEP : r * STEP + side, c * STEP : c * STEP + side] for c, r in corners]
    return np.reshape(cuts, (len(corners), side * side, *image.shape[2:]))


class Judge:
    """Knows the drawings of `styles`."""

    def __init__(self, library: SpriteLibrary, styles: tuple[str, ...]):
        self._library = library
        pairs = ((kind.id, style) for kind in library.kinds for style in styles)
        self._names = [pair for pair in pairs if library.has(*pair)]
        self._grounds = [Ground(code, look) for look in (None, *LOOKS) for code in GROUND_CODES]
        self._small_grounds = np.stack([ground.small for ground in self._grounds])
        self._bank = cache(self._make_bank)

    def look(self, picture: np.ndarray) -> Seen:
        """The content of a picture, uint8 [192, 192, 3] or a multiple of that a side."""
        picture = to_scene_size(picture)
        small = shrink(picture)
        apart = strongest(np.abs(self._small_grounds - small))
        agree = 1 - np.minimum(apart, AGREES).mean((1, 2)) / AGREES
        # One ground for each look, and only looks whose ground agrees nearly as well as the best.
        tried: dict[str | None, int] = {}
        for index in np.argsort(-agree, kind="stable"):
            if agree[index] < agree.max() - NEARLY or len(tried) == LOOKS_TRIED:
                break
            tried.setdefault(self._grounds[index].look, int(index))
        best = None
        for index in sorted(tried.values(), key=lambda i: self._grounds[i].look is not None):
            ground = self._grounds[index]  # as drawn first
            best = self._explain(small, ground, best.cost if best else np.inf) or best
        code, look = best.ground.code, best.ground.look
        if look is None and at_block_borders(picture) > BLOCKY:
            look = "pixel art"  # at a sixth of the size hardly anything tells it from as drawn
        return Seen(
            things=tuple(self._look_again(picture, best.ground, offer) for offer in best.offers),
            ground=code if isinstance(code, str) else code[0],
            look=look,
            unexplained=best.left,
        )

    def _explain(self, small: np.ndarray, ground: Ground, limit: float) -> Explanation | None:
        """The things before a ground; None as soon as they cost no less than `limit`."""
        doubt = 1 if ground.look else AS_RENDERED
        missing = misfit(small, ground.small)
        mask = (strongest(np.abs(small - ground.small)) > STANDS_OUT).astype(np.float32)
        taken, cost = [], 0.0
        banks = (self._bank(size, ground.look) for size in (LARGE, MIDDLE, SMALL))
        fits = [fit for bank in banks if (fit := Fit.of(bank, small, mask))]
        while len(taken) < MOST_THINGS and mask.sum() >= LEAST:
            offers = [offer for fit in fits if (offer := fit.best(missing, mask))]
            if not offers:
                break
            offer = max(offers, key=lambda offer: offer.gain)
            (column, row), bank = offer.corner, offer.bank
            side = bank.size * STEP
            cut = slice(row * STEP, row * STEP + side), slice(column * STEP, column * STEP + side)
            covered = bank.alphas[offer.drawings[0]].reshape(side, side) > 0.3
            if offer.gain <= LEAST_GAIN or (mask[cut] * covered).sum() < LEAST:
                break
            taken.append(offer)
            cost += offer.error
            if cost * doubt >= limit:
                return None
            missing[cut][covered] = mask[cut][covered] = 0
        cost = (cost + float(missing.sum())) * doubt
        return Explanation(ground, taken, cost, float(mask.mean())) if cost < limit else None

    def _look_again(self, picture: np.ndarray, ground: Ground, offer: Offer) -> Found:
        """The drawing that fits best at half the picture's size."""
        names = [offer.bank.names[drawing] for drawing in offer.drawings]
        bank = self._render_bank(names, offer.bank.size, ground.look, FINE)
        left, top, side = (cells * CELL for cells in (*offer.corner, bank.size))
        cut = slice(top, top + side), slice(left, left + side)
        window, behind = shrink(picture[cut], FINE), shrink(ground.render()[cut], FINE)
        errors = bank.errors(window.reshape(1, -1, window.shape[-1]))
        gains = bank.gains(misfit(window, behind).reshape(1, -1), errors)
        return Found(*names[int(gains.argmax())], (*offer.corner, bank.size))

    def _make_bank(self, size: int, look: str | None) -> Bank:
        return self._render_bank(self._names, size, look, SHRINK)

    def _render_bank(
        self, names: list[tuple[str, str]], size: int, look: str | None, by: int
    ) -> Bank:
        """Drawings of `size` cells, `by` times smaller."""
        sprites = np.stack([self._library.pixels(*each, size) for each in names])
        grey = np.full((size * CELL, size * CELL, 3), 128, np.uint8)
        alphas = shrink(sprites[..., 3:], by)[..., 0]
        colours = np.stack([shrink(change(over(sprite, grey), look), by) for sprite in sprites])
        weights = np.square(alphas)
        flat = len(sprites), -1
        return Bank(
            size=size,
            names=names,
            alphas=alphas.reshape(flat),
            weights=weights.reshape(flat),
            colours=(colours * weights[..., None]).reshape(flat),
            squares=(np.square(colours).sum(-1) * weights).reshape(flat).sum(1),
        )


def to_scene_size(picture: np.ndarray) -> np.ndarray:
    """A picture of more pixels reduced to those of a scene, by means of squares."""
    by = len(picture) // SIDE
    return block_means(picture, by).round().astype(np.uint8) if by > 1 else picture


def at_block_borders(picture: np.ndarray) -> float:
    """The share of all changes of colour, [H, W, 3], that lie where blocks of pixel art meet."""
    values = picture.astype(np.int16)
    changes = [np.abs(np.diff(values, axis=axis)).sum(-1) for axis in (0, 1)]
    at_borders = changes[0][BLOCK - 1 :: BLOCK].sum() + changes[1][:, BLOCK - 1 :: BLOCK].sum()
    return float(at_borders / max(1, sum(change.sum() for change in changes)))


def misfit(picture: np.ndarray, rendered: np.ndarray) -> np.ndarray:
    """How much of each pixel [H, W, 3] is not explained, [H, W] float32."""
    return np.minimum(np.square(picture - rendered).sum(-1), MISSING)
