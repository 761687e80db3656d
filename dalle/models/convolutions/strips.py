"""A convolution as bfloat16 products of strips of rows, which stay in the caches."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

from dalle.models.layers import matmul

BFLOAT16 = jnp.dtype(jnp.bfloat16)
STRIP_BYTES = 3 * 2**19  # of the windows of one strip


def plain_convolution(x: Array, kernel: Array, stride: int, padding: tuple[int, int]) -> Array:
    """By XLA, in the dtype of `x`."""
    return lax.conv_general_dilated(
        x,
        kernel.astype(x.dtype),
        (stride, stride),
        (padding, padding),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=lax.Precision.HIGHEST,
    )


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def strip_products(x: Array, kernel: Array, padding: tuple[int, int]) -> Array:
    """The convolution strip by strip, one bfloat16 product per row of the kernel.

    A product wants its windows side by side in memory. Those of a whole picture are larger than the
    caches, and would be read from memory again for each row of the kernel.
    """
    size, _, channels, features = kernel.shape
    pictures, height, width = (x.shape[0], *(n + sum(padding) - size + 1 for n in x.shape[1:3]))
    strip = strip_height(height, width * size * channels * BFLOAT16.itemsize)
    strips = -(-height // strip)
    below = padding[1] + strips * strip - height  # the last strip is as high as the others
    # Moved as integers: XLA:CPU widens every bfloat16 that it copies and rounds it again.
    bits = lax.bitcast_convert_type(x.astype(BFLOAT16), jnp.uint16)
    bits = jnp.pad(bits, ((0, 0), (padding[0], below), padding, (0, 0)))
    kernel_rows = kernel.astype(BFLOAT16).reshape(size, size * channels, features)

    def convolve_strip(index: Array) -> Array:
        shape = (1, strip + size - 1, bits.shape[2], channels)
        start = index // strips, index % strips * strip, 0, 0
        band = lax.dynamic_slice(bits, start, shape)[0]
        windows = jnp.concatenate([band[:, i : i + width] for i in range(size)], -1)
        return sum(
            matmul(lax.bitcast_convert_type(windows[i : i + strip], BFLOAT16), row, BFLOAT16)
            for i, row in enumerate(kernel_rows)
        )

    def write(index: Array, y: Array) -> Array:
        return lax.dynamic_update_index_in_dim(y, convolve_strip(index), index, 0)

    # Not of zeros: XLA would fill such arrays once, and keep them to copy for each convolution.
    y = jnp.broadcast_to(0 * x[0, 0, 0, 0], (pictures * strips, strip, width, features))
    y = lax.fori_loop(0, len(y), write, y.astype(jnp.float32))
    return y.reshape(pictures, strips * strip, width, features)[:, :height]


def _forward(x: Array, kernel: Array, padding: tuple[int, int]) -> tuple[Array, tuple]:
    return strip_products(x, kernel, padding), (x, kernel)


def _backward(padding: tuple[int, int], saved: tuple, cotangent: Array) -> tuple[Array, Array]:
    """Of the plain convolution: no gradient goes through bits."""
    return jax.vjp(partial(plain_convolution, stride=1, padding=padding), *saved)[1](cotangent)


strip_products.defvjp(_forward, _backward)


def strip_height(height: int, row_bytes: int) -> int:
    """How many rows of a picture make a strip: a power of two, at most the whole height."""
    rows = max(1, STRIP_BYTES // row_bytes)
    return min(height, 2 ** (rows.bit_length() - 1))
