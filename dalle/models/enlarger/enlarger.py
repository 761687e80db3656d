"""Enlarges pictures of any size square by square: bounded memory, one compilation."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from dalle.models.checkpoints.checkpoint import read_params
from dalle.models.enlarger.network import REACH, EnlargerNetwork, enlarger_shapes

FOLDER = Path(__file__).parents[3] / "assets" / "enlarger"
SQUARE = 128  # pixels a side of the part that one call enlarges
MARGIN = REACH + 2  # pixels around it, so that squares fit together
STEP = 8  # squares; they take about as long as a slot of a batch


@jax.jit
def _enlarge(params: dict, pixels: Array) -> Array:
    """uint8 [1, S, S, 3] -> [1, 2 S, 2 S, 3]."""
    larger = EnlargerNetwork().apply({"params": params}, pixels.astype(jnp.float32) / 255)
    return jnp.round(jnp.clip(larger, 0, 1) * 255).astype(jnp.uint8)


@dataclass(frozen=True, eq=False)
class Enlarger:
    """The network with its weights."""

    params: dict[str, Any]

    def enlarge(self, pixels: np.ndarray) -> np.ndarray:
        """A picture uint8 [H, W, 3] twice as large, [2 H, 2 W, 3]."""
        *_, larger = self.steps(pixels)
        return larger

    def steps(self, pixels: np.ndarray) -> Iterator[np.ndarray | None]:
        """None before each step but the first, and at last what `enlarge` returns."""
        height, width, _ = pixels.shape
        down, right = (-size % SQUARE for size in (height, width))
        around = ((MARGIN, MARGIN + down), (MARGIN, MARGIN + right), (0, 0))
        padded = np.pad(pixels, around, mode="edge")
        larger = np.empty((2 * (height + down), 2 * (width + right), 3), np.uint8)
        side, inner = SQUARE + 2 * MARGIN, slice(2 * MARGIN, 2 * (MARGIN + SQUARE))
        for number, (top, left) in enumerate(corners(width, height)):
            if number and number % STEP == 0:
                yield None
            square = padded[None, top : top + side, left : left + side]
            drawn = np.asarray(_enlarge(self.params, square))[0, inner, inner]
            rows, columns = slice(2 * top, None), slice(2 * left, None)
            larger[rows, columns][: 2 * SQUARE, : 2 * SQUARE] = drawn
        yield larger[: 2 * height, : 2 * width]


def corners(width: int, height: int) -> list[tuple[int, int]]:
    """Top and left of each square of a picture."""
    return [(top, left) for top in range(0, height, SQUARE) for left in range(0, width, SQUARE)]


def count_steps(width: int, height: int) -> int:
    """How many steps a picture of so many pixels takes."""
    return math.ceil(len(corners(width, height)) / STEP)


@cache
def load_enlarger() -> Enlarger:
    """The one that ships."""
    return Enlarger(read_params(FOLDER, enlarger_shapes()))
