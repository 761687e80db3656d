"""Tells what a picture of one thing on a plain background shows, by comparing with the drawings.

It shares nothing with the networks that draw and rank: every known drawing is laid at every place
on the picture's own background colour, and the nearest one is what is seen.
"""

from dataclasses import dataclass

import numpy as np

from dalle.training.colours import COLOURS
from dalle.training.grid import CELL, SIDE
from dalle.training.sprites import SpriteLibrary

SHRINK = 4  # pictures are compared at a quarter of their size
THING = 8  # cells a side: the size of a single thing


@dataclass(frozen=True)
class Seen:
    """What the judge takes a picture for."""

    kind: str
    colour: str  # of the background


def shrink(pixels: np.ndarray) -> np.ndarray:
    """Means of SHRINK x SHRINK pixels: [..., H, W, C] -> [..., h, w, C] float32."""
    *rows, height, width, channels = pixels.shape
    blocks = (*rows, height // SHRINK, SHRINK, width // SHRINK, SHRINK, channels)
    return pixels.reshape(blocks).astype(np.float32).mean((-4, -2))


class Judge:
    """Knows the drawings of `styles` at the size of a single thing."""

    def __init__(self, library: SpriteLibrary, styles: tuple[str, ...]):
        pairs = ((kind.id, style) for kind in library.kinds for style in styles)
        drawn = [pair for pair in pairs if library.has(*pair)]
        self._kinds = [kind for kind, _ in drawn]
        sprites = [shrink(_premultiplied(library.pixels(*names, THING))) for names in drawn]
        self._sprites = np.stack(sprites)  # [M, s, s, 4], colours times alpha, alpha in 0..1
        cell, steps = CELL // SHRINK, SIDE // CELL - THING + 1
        self._places = [(cell * i, cell * j) for i in range(steps) for j in range(steps)]

    def look(self, picture: np.ndarray) -> Seen:
        """[192, 192, 3] uint8 -> what it shows."""
        small = shrink(picture)
        edge = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
        background = np.median(edge, axis=0)
        side = self._sprites.shape[1]
        laid = self._sprites[..., :3] + (1 - self._sprites[..., 3:]) * background
        laid = laid.reshape(len(laid), -1) - np.tile(background, side * side)  # [M, s * s * 3]
        windows = np.stack(
            [(small - background)[r : r + side, c : c + side].ravel() for r, c in self._places]
        )
        # |laid - window|^2 inside plus |background - picture|^2 outside, less what all share.
        distance = np.square(laid).sum(1)[:, None] - 2 * laid @ windows.T  # [M, places]
        kind = self._kinds[int(distance.min(1).argmin())]
        colours = np.array(list(COLOURS.values()), np.float32)
        nearest = np.square(colours - background).sum(1).argmin()
        return Seen(kind, list(COLOURS)[nearest])


def _premultiplied(sprite: np.ndarray) -> np.ndarray:
    alpha = sprite[..., 3:].astype(np.float32) / 255
    return np.concatenate([sprite[..., :3] * alpha, alpha], -1)
