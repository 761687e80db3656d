"""Changes a whole picture pixel by pixel, in one of several learned ways: a tint, a look.

The features of a pixel scale with the picture: at a scale of 2 an edge is two pixels wide and a
block has 8 x 8. So a filter learned on small pictures serves for large ones.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from dalle.models.cells.config import FILTER_BLOCK
from dalle.models.cells.patches import square_means
from dalle.models.layers import Embedding


def edges(pixels: Array, scale: int = 1) -> Array:
    """How sharply a picture changes to the right and downwards: [B, H, W, C] -> [B, H, W, 1]."""

    def change(axis: int) -> Array:
        size = pixels.shape[axis]
        beside = jnp.take(pixels, np.minimum(np.arange(size) + scale, size - 1), axis=axis)
        return jnp.abs(beside - pixels).max(-1, keepdims=True)

    return change(2) + change(1)


def block_means(pixels: Array, scale: int = 1) -> Array:
    """Of each pixel the mean of its block of 4 x 4: [B, H, W, C] -> the same shape."""
    side = scale * FILTER_BLOCK
    return square_means(pixels, side).repeat(side, 1).repeat(side, 2)


def describe(pixels: Array, alpha: Array, tone: Array, scale: int = 1) -> Array:
    """The features of each pixel: [B, H, W, 3], [B, H, W, 1], [B, 3] -> [B, pixels, features].

    Its colour and opacity, the edge at it, its block, its row in the block, and the tone.
    """
    rows, height, width, _ = pixels.shape
    row = jax.nn.one_hot(jnp.arange(height) // scale % FILTER_BLOCK, FILTER_BLOCK)[None, :, None]
    around = edges(pixels, scale), block_means(pixels, scale)
    parts = (pixels, alpha, *around, row, tone[:, None, None])
    parts = [jnp.broadcast_to(part, (rows, height, width, part.shape[-1])) for part in parts]
    return jnp.concatenate(parts, -1).reshape(rows, height * width, -1)


class ChosenLinear(nn.Module):
    """A product and a bias for each choice: [B, pixels, in], [B] -> [B, pixels, out]."""

    choices: int
    features: int
    init_gain: float = 1.0

    @nn.compact
    def __call__(self, x: Array, choice: Array) -> Array:
        inputs = x.shape[-1]
        size, std = inputs * self.features, self.init_gain * (2 / inputs) ** 0.5
        kernel = Embedding(self.choices, size, std, name="kernel")(choice)
        bias = Embedding(self.choices, self.features, 0.0, name="bias")(choice)
        kernel = kernel.reshape(-1, inputs, self.features)
        y = jnp.einsum("bnc,bcd->bnd", x, kernel, precision=lax.Precision.HIGHEST)
        return y + bias[:, None]


class Filter(nn.Module):
    """A small network for each choice, the same for every pixel; choice 0 changes nothing.

    Looks and tints are rules for a pixel: steps, products with the strength of an edge. A network
    of one pixel learns them exactly and soon. Where a choice is 0, as for most pictures, nothing is
    computed.
    """

    choices: int
    width: int

    def setup(self) -> None:
        self.hidden = ChosenLinear(self.choices, self.width)
        self.mix = ChosenLinear(self.choices, self.width)
        self.out = ChosenLinear(self.choices, 3, init_gain=0.01)

    def __call__(
        self,
        pixels: Array,  # [B, H, W, 3], about -0.5..0.5
        alpha: Array,  # [B, H, W, 1], 0..1: nothing changes where it is 0
        choice: Array,  # [B] int32
        tone: Array,  # [B, 3], the mean colour of the opaque part
        scale: int = 1,  # of the pictures
    ) -> Array:
        if self.is_initializing():
            return self.change(pixels, alpha, choice, tone, scale)

        rows = pixels, alpha, choice, tone
        each = partial(Filter.change_each, scale=scale)
        return nn.cond((choice != 0).any(), each, leave, self, *rows)

    def change_each(self, *rows: Array, scale: int) -> Array:
        """The pictures one by one, each only if something is chosen for it."""

        def one(network: Filter, carry: None, row: tuple[Array, ...]) -> tuple[None, Array]:
            row = [part[None] for part in row]
            change = partial(Filter.change, scale=scale)
            return carry, nn.cond(row[2][0] != 0, change, leave, network, *row)[0]

        scan = nn.scan(one, variable_broadcast="params", split_rngs={"params": False})
        return scan(self, None, rows)[1]

    def change(
        self, pixels: Array, alpha: Array, choice: Array, tone: Array, scale: int = 1
    ) -> Array:
        """The pictures as chosen, for any choices."""
        change = self.changes(describe(pixels, alpha, tone, scale), choice).reshape(pixels.shape)
        changed = (choice != 0)[:, None, None, None]
        return pixels + jnp.where(changed, change * alpha, 0.0)

    def changes(self, described: Array, choice: Array) -> Array:
        """How each pixel changes where it is opaque: [B, pixels, features], [B] -> [..., 3]."""
        x = nn.relu(self.hidden(described, choice))
        x = nn.relu(self.mix(x, choice))
        return self.out(x, choice)


def leave(network: Filter, pixels: Array, *others: Array) -> Array:
    """The pictures as they are."""
    return pixels
