"""A convolution in whole numbers of eight bits, for processors with VNNI.

The products of such numbers take half the time of bfloat16's (tests/benchmarks/operations.py).
"""

import jax.numpy as jnp
from jax import Array

from dalle.models.convolutions.strips import over_strips
from dalle.models.int8_matmul import int8_matmul

LARGEST, LEVELS = 127, 255  # of int8, and steps of uint8
TINY = 1e-20  # a range of nothing has a scale all the same


def int8_convolution(x: Array, kernel: Array, padding: tuple[int, int]) -> Array:
    """[B, H, W, C] by [size, size, C, features], with stride 1 -> float32.

    A kernel is rounded with a scale for each feature; pixels with a scale and a zero point for each
    picture, whose range spends all 256 steps. Sums are exact.
    """
    size, _, channels, features = kernel.shape
    steps, step, zero = _in_steps(x, ((0, 0), padding, padding, (0, 0)))
    kernel = kernel.astype(jnp.float32)
    scale = jnp.maximum(jnp.abs(kernel).max((0, 1, 2)), TINY) / LARGEST
    rows = jnp.round(kernel / scale).astype(jnp.int8)
    rows = rows.transpose(0, 3, 1, 2).reshape(size, features, size * channels)
    total = rows.sum((0, 2), jnp.int32)

    def multiply(picture: Array, windows: list[Array]) -> Array:
        sums = sum(
            int8_matmul(window.reshape(-1, size * channels), row)
            for window, row in zip(windows, rows, strict=True)
        )
        products = (sums - zero[picture] * total).astype(jnp.float32)
        return (products * (step[picture] * scale)).reshape(*windows[0].shape[:2], features)

    return over_strips(steps, size, x[0, 0, 0, 0].astype(jnp.float32), features, multiply)


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
