"""Changes a whole picture pixel by pixel, in one of several learned ways: a tint, a look."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array, lax

from dalle.models.cell_config import FILTER_BLOCK
from dalle.models.layers import Embedding
from dalle.models.squares import square_means


def edges(pixels: Array) -> Array:
    """How sharply a picture changes to the right and downwards: [B, H, W, C] -> [B, H, W, 1]."""
    across, down = (
        jnp.abs(jnp.diff(pixels, axis=axis, append=lax.slice_in_dim(pixels, -1, None, axis=axis)))
        for axis in (2, 1)
    )
    return across.max(-1, keepdims=True) + down.max(-1, keepdims=True)


def block_means(pixels: Array) -> Array:
    """Of each pixel the mean of its block of 4 x 4: [B, H, W, C] -> the same shape."""
    return square_means(pixels, FILTER_BLOCK).repeat(FILTER_BLOCK, 1).repeat(FILTER_BLOCK, 2)


def describe(pixels: Array, alpha: Array, tone: Array) -> Array:
    """What a filter knows of each pixel: [B, H, W, 3], [B, H, W, 1] and [B, 3] -> [B, H * W, F].

    Its colour and opacity, the edge at it, its block, its row in the block, and the tone.
    """
    rows, height, width, _ = pixels.shape
    row = jax.nn.one_hot(jnp.arange(height) % FILTER_BLOCK, FILTER_BLOCK)[None, :, None]
    parts = (pixels, alpha, edges(pixels), block_means(pixels), row, tone[:, None, None])
    parts = [jnp.broadcast_to(part, (rows, height, width, part.shape[-1])) for part in parts]
    return jnp.concatenate(parts, -1).reshape(rows, height * width, -1)


class ChosenLinear(nn.Module):
    """A product and a bias of which every choice has its own: [B, N, in] and [B] -> [B, N, out]."""

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

    Looks and tints are rules for a pixel (steps, products with the strength of an edge), which a
    network that sees one pixel at a time learns exactly and soon.
    Where all choices are 0, as for most prompts, nothing is computed.
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
        tone: Array,  # [B, 3], the mean colour of what is there
    ) -> Array:
        if self.is_initializing():
            return self.change(pixels, alpha, choice, tone)
        return nn.cond((choice != 0).any(), Filter.change, leave, self, pixels, alpha, choice, tone)

    def change(self, pixels: Array, alpha: Array, choice: Array, tone: Array) -> Array:
        """The pictures as chosen, for any choices."""
        change = self.changes(describe(pixels, alpha, tone), choice).reshape(pixels.shape)
        changed = (choice != 0)[:, None, None, None]
        return pixels + jnp.where(changed, change * alpha, 0.0)

    def changes(self, described: Array, choice: Array) -> Array:
        """How each pixel changes where it is opaque: [B, N, F] and [B] -> [B, N, 3]."""
        x = nn.relu(self.hidden(described, choice))
        x = nn.relu(self.mix(x, choice))
        return self.out(x, choice)


def leave(network: Filter, pixels: Array, *others: Array) -> Array:
    """The pictures as they are."""
    return pixels
