"""A convolution in whole numbers of eight bits, for processors with VNNI.

The products of such numbers take half the time of bfloat16's (tests/benchmarks/operations.py).
"""

import jax.numpy as jnp
from jax import Array, lax

from dalle.models.convolutions.strips import strip_height
from dalle.models.int8_matmul import int8_matmul

LARGEST, LEVELS = 127, 255  # of int8, and steps of uint8
TINY = 1e-20  # a range of nothing has a scale all the same


def int8_convolution(x: Array, kernel: Array, padding: tuple[int, int]) -> Array:
    """[B, H, W, C] by [size, size, C, features], with stride 1 -> float32.

    A kernel is rounded with a scale for each feature; pixels with a scale and a zero point for each
    picture, whose range spends all 256 steps. Sums are exact.
    """
    size, _, channels, features = kernel.shape
    pictures, height, width = (x.shape[0], *(n + sum(padding) - size + 1 for n in x.shape[1:3]))
    strip = strip_height(height, width * size * channels)
    strips = -(-height // strip)
    below = padding[1] + strips * strip - height  # the last strip is as high as the others
    steps, step, zero = _in_steps(x, ((0, 0), (padding[0], below), padding, (0, 0)))
    kernel = kernel.astype(jnp.float32)
    scale = jnp.maximum(jnp.abs(kernel).max((0, 1, 2)), TINY) / LARGEST
    rows = jnp.round(kernel / scale).astype(jnp.int8)
    rows = rows.transpose(0, 3, 1, 2).reshape(size, features, size * channels)
    total = rows.sum((0, 2), jnp.int32)

    def convolve_strip(index: Array) -> Array:
        picture, top = index // strips, index % strips * strip
        shape = (1, strip + size - 1, steps.shape[2], channels)
        band = lax.dynamic_slice(steps, (picture, top, 0, 0), shape)[0]
        windows = jnp.concatenate([band[:, i : i + width] for i in range(size)], -1)
        windows = [windows[i : i + strip].reshape(-1, size * channels) for i in range(size)]
        sums = sum(map(int8_matmul, windows, rows))
        products = (sums - zero[picture] * total).astype(jnp.float32)
        return (products * (step[picture] * scale)).reshape(strip, width, features)

    def write(index: Array, y: Array) -> Array:
        return lax.dynamic_update_index_in_dim(y, convolve_strip(index), index, 0)

    # Not of zeros: XLA would fill such arrays once, and keep them to copy for each convolution.
    y = jnp.broadcast_to(0 * x[0, 0, 0, 0], (pictures * strips, strip, width, features))
    y = lax.fori_loop(0, len(y), write, y.astype(jnp.float32))
    return y.reshape(pictures, strips * strip, width, features)[:, :height]


def _in_steps(x: Array, pads: tuple) -> tuple[Array, Array, Array]:
    """Pictures as uint8, padded with what is 0; the step [B] float32 and the zero [B] int32."""
    axes = tuple(range(1, x.ndim))
    least, most = jnp.minimum(x.min(axes), 0), jnp.maximum(x.max(axes), 0)
    step = jnp.maximum(most - least, TINY) / LEVELS
    zero = jnp.round(-least / step)
    steps = x / step[:, None, None, None] + zero[:, None, None, None]
    whole = jnp.clip(jnp.round(steps), 0, LEVELS).astype(jnp.uint8)
    inside = jnp.pad(jnp.ones((1, *x.shape[1:3], 1), bool), pads)
    padded = jnp.where(inside, jnp.pad(whole, pads), zero.astype(jnp.uint8)[:, None, None, None])
    return padded, step, zero.astype(jnp.int32)
