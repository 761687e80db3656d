"""Changes a whole picture pixel by pixel, in one of several learned ways: a tint, a look."""

import flax.linen as nn
import jax.numpy as jnp
from jax import Array, lax

from dalle.models.cell_config import FILTER_PATCH
from dalle.models.layers import Embedding, Linear, gelu
from dalle.models.squares import from_squares


def to_windows(pixels: Array) -> Array:
    """[B, H, W, C] -> [B, H / 4, W / 4, 6 * 6 * C]: every patch with its border.

    The border is cut from the neighbouring patches, which is far faster than 36 strided slices.
    """
    rows, height, width, channels = pixels.shape
    side = FILTER_PATCH
    x = pixels.reshape(rows, height // side, side, width // side, side, channels).swapaxes(2, 3)

    def beside(x: Array, axis: int, step: int) -> Array:
        """The patch before (-1) or after (1) each; the picture's edge goes on."""
        edge = lax.slice_in_dim(x, *((0, 1) if step < 0 else (-1, None)), axis=axis)
        rest = lax.slice_in_dim(x, *((0, -1) if step < 0 else (1, None)), axis=axis)
        return jnp.concatenate([edge, rest] if step < 0 else [rest, edge], axis)

    # [B, h, w, 4, 4, C] -> [B, h, w, 6, 4, C] -> [B, h, w, 6, 6, C]
    x = jnp.concatenate([beside(x, 1, -1)[:, :, :, -1:], x, beside(x, 1, 1)[:, :, :, :1]], 3)
    x = jnp.concatenate([beside(x, 2, -1)[:, :, :, :, -1:], x, beside(x, 2, 1)[:, :, :, :, :1]], 4)
    return x.reshape(rows, height // side, width // side, -1)


def edges(pixels: Array) -> Array:
    """How sharply a picture changes to the right and downwards: [B, H, W, C] -> [B, H, W, 1]."""
    across, down = (
        jnp.abs(jnp.diff(pixels, axis=axis, append=lax.slice_in_dim(pixels, -1, None, axis=axis)))
        for axis in (2, 1)
    )
    return across.max(-1, keepdims=True) + down.max(-1, keepdims=True)


class Filter(nn.Module):
    """A colour matrix, and a small network for what no matrix can do; choice 0 changes nothing.

    Where all choices are 0, as for most prompts, nothing is computed.
    """

    choices: int
    width: int
    dtype: jnp.dtype

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

    @nn.compact
    def change(self, pixels: Array, alpha: Array, choice: Array, tone: Array) -> Array:
        """The pictures as chosen, for any choices."""

        def linear(features: int, name: str, fan_in: int) -> Linear:
            return Linear(features, True, self.dtype, fan_in**-0.5, name=name)

        # A pencil sketch is made of edges, which two layers would learn to find only slowly.
        seen = to_windows(jnp.concatenate([pixels, alpha, edges(pixels)], -1))
        manner = Embedding(self.choices, 4 * self.width, name="manner")(choice)
        manner = manner + Linear(4 * self.width, name="tone")(tone)
        gain, shift, gain_2, shift_2 = jnp.split(manner[:, None, None], 4, -1)
        hidden = gelu(linear(self.width, "in", seen.shape[-1])(seen) * (1 + gain) + shift)
        hidden = gelu(linear(self.width, "mix", self.width)(hidden) * (1 + gain_2) + shift_2)
        patches = linear(FILTER_PATCH**2 * 3, "out", 100 * self.width)(hidden)
        change = from_squares(patches, FILTER_PATCH)

        matrix = Embedding(self.choices, 12, init_std=0.0, name="matrix")(choice).reshape(-1, 4, 3)
        change = change + jnp.einsum("bhwc,bcd->bhwd", pixels, matrix[:, :3])
        change = change + matrix[:, None, None, 3]
        changed = (choice != 0)[:, None, None, None]
        return pixels + jnp.where(changed, change * alpha, 0.0)


def leave(network: Filter, pixels: Array, *others: Array) -> Array:
    """The pictures as they are."""
    return pixels
