"""The network of the enlarger: the bicubic picture, and the detail that it lacks.

Sources: the residual of a plain enlargement, arxiv.org/abs/1511.04587; pixels taken for channels
until the end, arxiv.org/abs/1609.05158.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from dalle.models.resampling import twice

WIDTH, BLOCKS = 32, 4
REACH = BLOCKS + 2  # pixels of the small picture that a pixel of the large one depends on


class EnlargerNetwork(nn.Module):
    """Pictures [B, H, W, 3] float32, 0..1 -> [B, 2 H, 2 W, 3], about 0..1, unclipped."""

    @nn.compact
    def __call__(self, pixels: Array) -> Array:
        conv = partial(nn.Conv, kernel_size=(3, 3), padding="SAME")
        x = conv(WIDTH, name="read")(pixels - 0.5)
        for number in range(BLOCKS):
            x = x + conv(WIDTH, name=f"block_{number}")(nn.relu(x))
        # At first it adds next to nothing.
        init = nn.initializers.normal(1e-3)
        detail = conv(12, name="write", kernel_init=init)(nn.relu(x))
        return twice(pixels) + unshuffle(detail)


def unshuffle(channels: Array) -> Array:
    """Four pixels in the channels of one, [B, H, W, 12] -> [B, 2 H, 2 W, 3]."""
    batch, height, width, _ = channels.shape
    parts = channels.reshape(batch, height, width, 2, 2, 3).swapaxes(2, 3)
    return parts.reshape(batch, 2 * height, 2 * width, 3)


def enlarger_shapes() -> dict:
    """The parameter tree as shapes, without memory."""
    blank = jnp.zeros((1, 8, 8, 3))
    return jax.eval_shape(EnlargerNetwork().init, jax.random.key(0), blank)["params"]
