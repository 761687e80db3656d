"""Tells what a picture shows by comparing it with the drawings; it shares nothing with the models.

First the ground and the look: of all grounds in all looks, the one that most of the picture agrees
with. Then the things: every drawing, in that look, is held against every whole-cell place, and the
one that explains most of what is not ground is taken; what it explains is taken away, and so on.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from dalle.training.grid import CELL, CELLS
from dalle.training.headers import GROUND_CODES
from dalle.training.layouts import LARGE, MIDDLE, SMALL
from dalle.training.looks import LOOKS
from dalle.training.places import draw_ground
from dalle.training.scenes import over
from dalle.training.sprites import SpriteLibrary

SHRINK = 6  # pictures are compared at a sixth of their size
STEP = CELL // SHRINK  # pixels of a small picture from cell to cell
AGREES = 0.06  # of 0..1: a pixel differs by less from the ground in every channel
STANDS_OUT = 0.12  # a pixel that differs by more from the ground belongs to a thing
REWARD = 0.45  # for a pixel of a thing that a drawing covers, in squared colour differences
INVISIBLE = 0.1  # the price of a pixel that a drawing covers where nothing stands out
LOOKS_TRIED = 4  # of the looks whose ground agrees about equally well
NEARLY = 0.03  # share of the picture
AS_DRAWN = 0.8  # how much better a look must explain a picture to be believed
LEAST = 5  # pixels of a small picture that a thing has to explain
MOST_THINGS = 6


@dataclass(frozen=True)
class Found:
    """A thing that the judge recognises."""

    kind: str
    style: str
    box: tuple[int, int, int]  # column, row, size in cells


@dataclass(frozen=True)
class Seen:
    """What the judge takes a picture for."""

    things: tuple[Found, ...]  # the clearest first
    ground: str  # a colour or a place
    look: str | None
    unexplained: float  # share of the picture that is neither ground nor a known thing

    @property
    def kind(self) -> str | None:
        return self.things[0].kind if self.things else None

    def count(self, kind: str) -> int:
        return sum(found.kind == kind for found in self.things)


def shrink(pixels: np.ndarray) -> np.ndarray:
    """Means of SHRINK x SHRINK pixels in 0..1: [..., H, W, C] uint8 -> [..., h, w, C] float32."""
    *rows, height, width, channels = pixels.shape
    blocks = (*rows, height // SHRINK, SHRINK, width // SHRINK, SHRINK, channels)
    return pixels.reshape(blocks).mean((-4, -2), dtype=np.float32) / 255


def change(picture: np.ndarray, look: str | None) -> np.ndarray:
    return LOOKS[look][0](picture) if look else picture


@dataclass(frozen=True, eq=False)
class Bank:
    """All drawings of one size in one look, ready to be compared by products."""

    size: int  # cells
    names: list[tuple[str, str]]  # (kind, style)
    alphas: np.ndarray  # [M, s * s]
    weights: np.ndarray  # [M, s * s], alpha squared: a blurred edge says little
    colours: np.ndarray  # [M, s * s * 3], times the weights
    squares: np.ndarray  # [M], of the colours, times the weights


class Judge:
    """Knows the drawings of `styles`."""

    def __init__(self, library: SpriteLibrary, styles: tuple[str, ...]):
        self._library = library
        pairs = ((kind.id, style) for kind in library.kinds for style in styles)
        self._names = [pair for pair in pairs if library.has(*pair)]
        self._grounds = [
            (ground, look, shrink(change(draw_ground(ground), look)))
            for look in (None, *LOOKS)
            for ground in GROUND_CODES
        ]
        self._drawn_grounds = np.stack([drawn for _, _, drawn in self._grounds])
        self._bank = cache(self._make_bank)

    def look(self, picture: np.ndarray) -> Seen:
        """[192, 192, 3] uint8 -> what it shows."""
        small = shrink(picture)
        agree = (np.abs(self._drawn_grounds - small).max(-1) < AGREES).mean((1, 2))
        # One ground for each look, and only looks whose ground agrees nearly as well as the best.
        tried: dict[str | None, int] = {}
        for index in np.argsort(-agree, kind="stable"):
            if agree[index] < agree.max() - NEARLY or len(tried) == LOOKS_TRIED:
                break
            tried.setdefault(self._grounds[index][1], int(index))
        explained = []
        for look, index in tried.items():
            things, cost, left = self._find_things(small, self._drawn_grounds[index], look)
            explained.append((cost * (1 if look else AS_DRAWN), look, index, things, left))
        _, look, index, things, left = min(explained, key=lambda row: (row[0], row[1] is not None))
        ground = self._grounds[index][0]
        place = ground if isinstance(ground, str) else ground[0]
        return Seen(tuple(things), place, look, left)

    def _find_things(
        self, small: np.ndarray, ground: np.ndarray, look: str | None
    ) -> tuple[list[Found], float, float]:
        """The things before a ground, how badly they explain what stands out, what is left."""
        mask = (np.abs(small - ground).max(-1) > STANDS_OUT).astype(np.float32)
        found, cost = [], 0.0
        while len(found) < MOST_THINGS and mask.sum() >= LEAST:
            banks = [self._bank(size, look) for size in (LARGE, MIDDLE, SMALL)]
            offers = [offer for bank in banks if (offer := best_fit(bank, small, mask))]
            if not offers:
                break
            gain, error, bank, index, (column, row) = max(offers, key=lambda offer: offer[0])
            side = bank.size * STEP
            window = mask[row * STEP : row * STEP + side, column * STEP : column * STEP + side]
            covered = bank.alphas[index].reshape(side, side) > 0.3
            if gain <= 0 or (window * covered).sum() < LEAST:
                break
            found.append(Found(*bank.names[index], (column, row, bank.size)))
            cost += error
            window[covered] = 0
        return found, cost + REWARD * float(mask.sum()), float(mask.mean())

    def _make_bank(self, size: int, look: str | None) -> Bank:
        sprites = np.stack([self._library.pixels(*names, size) for names in self._names])
        grey = np.full((size * CELL, size * CELL, 3), 128, np.uint8)
        alphas = shrink(sprites[..., 3:])[..., 0]
        colours = np.stack([shrink(change(over(sprite, grey), look)) for sprite in sprites])
        weights = np.square(alphas)
        flat = len(sprites), -1
        return Bank(
            size=size,
            names=self._names,
            alphas=alphas.reshape(flat),
            weights=weights.reshape(flat),
            colours=(colours * weights[..., None]).reshape(flat),
            squares=(np.square(colours).sum(-1) * weights).reshape(flat).sum(1),
        )


def best_fit(
    bank: Bank, small: np.ndarray, mask: np.ndarray
) -> tuple[float, float, Bank, int, tuple[int, int]] | None:
    """Which drawing of a bank explains most, anywhere: (gain, error, bank, its index, place).

    None where nothing stands out.
    """
    side = bank.size * STEP
    steps = range(CELLS - bank.size + 1)
    corners = [(column, row) for row in steps for column in steps]

    def windows(image: np.ndarray) -> np.ndarray:
        """[N, s * s * C] for the N places."""
        return np.stack(
            [image[r * STEP : r * STEP + side, c * STEP : c * STEP + side].ravel()
             for c, r in corners]
        )  # fmt: skip

    marked = windows(mask)
    places = np.flatnonzero(marked.sum(1) >= LEAST)
    if not len(places):
        return None
    marked = marked[places]
    pixels, squares = windows(small)[places], windows(np.square(small).sum(-1))[places]
    # |drawing - picture|^2 where the drawing is
    errors = bank.weights @ squares.T - 2 * bank.colours @ pixels.T + bank.squares[:, None]
    gains = (REWARD + INVISIBLE) * (bank.weights @ marked.T) - errors
    gains -= INVISIBLE * bank.weights.sum(1)[:, None]
    index, place = np.unravel_index(gains.argmax(), gains.shape)
    return (
        float(gains[index, place]), float(errors[index, place]), bank, int(index),
        corners[places[place]],
    )  # fmt: skip
