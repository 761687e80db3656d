"""A convolution as products of strips of rows, which stay in the caches; here of bfloat16."""

from collections.abc import Callable
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


def over_strips(
    pictures: Array,  # [B, H, W, C], padded
    size: int,
    like: Array,  # float32 []: what the result is made of at first, see below
    features: int,
    multiply: Callable[[Array, list[Array]], Array],
) -> Array:
    """A convolution [B, H, W, C] -> [B, H, W, features] float32, one strip of rows after another.

    `multiply` is given a picture's number and, for each row of the kernel, the windows of a strip
    [h, W, size * C]; it returns [h, W, features]. Windows lie side by side in memory, as a product
    wants them. Those of a whole picture are larger than the caches, and would be read from memory
    again for each row of the kernel.
    """
    height, width = (length - size + 1 for length in pictures.shape[1:3])
    strip = strip_height(height, width * size * pictures.shape[3] * pictures.dtype.itemsize)
    strips = -(-height // strip)
    # The last strip is as high as the others.
    pictures = jnp.pad(pictures, ((0, 0), (0, strips * strip - height), (0, 0), (0, 0)))

    def write(index: Array, y: Array) -> Array:
        picture, top = index // strips, index % strips * strip
        shape = (1, strip + size - 1, *pictures.shape[2:])
        band = lax.dynamic_slice(pictures, (picture, top, 0, 0), shape)[0]
        windows = jnp.concatenate([band[:, i : i + width] for i in range(size)], -1)
        product = multiply(picture, [windows[i : i + strip] for i in range(size)])
        return lax.dynamic_update_index_in_dim(y, product, index, 0)

    # Not of zeros: XLA would fill such arrays once, and keep them to copy for each convolution.
    y = jnp.broadcast_to(0 * like, (len(pictures) * strips, strip, width, features))
    y = lax.fori_loop(0, len(y), write, y)
    return y.reshape(len(pictures), strips * strip, width, features)[:, :height]


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def strip_products(x: Array, kernel: Array, padding: tuple[int, int]) -> Array:
    """The convolution strip by strip, one bfloat16 product per row of the kernel."""
    size, _, channels, features = kernel.shape
    kernel_rows = kernel.astype(BFLOAT16).reshape(size, size * channels, features)
    # Moved as integers: XLA:CPU widens every bfloat16 that it copies and rounds it again.
    bits = lax.bitcast_convert_type(x.astype(BFLOAT16), jnp.uint16)
    bits = jnp.pad(bits, ((0, 0), padding, padding, (0, 0)))

    def multiply(_: Array, windows: list[Array]) -> Array:
        return sum(
            matmul(lax.bitcast_convert_type(window, BFLOAT16), row, BFLOAT16)
            for window, row in zip(windows, kernel_rows, strict=True)
        )

    return over_strips(bits, size, x[0, 0, 0, 0].astype(jnp.float32), features, multiply)


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
