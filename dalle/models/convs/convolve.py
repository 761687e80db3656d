"""Convolutions of pictures [B, H, W, C], each computed the way that is fastest for its shape."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from dalle.models.layers import HALF, matmul

# With fewer a product is too short to gain; the encoder's first convolution alone has fewer.
WIDE_CHANNELS = 128
BFLOAT16 = jnp.dtype(jnp.bfloat16)
STRIP_BYTES = 3 * 2**19  # of the windows of one strip, which so stay in the caches


def _convolution(x: Array, kernel: Array, stride: int, padding: tuple[int, int]) -> Array:
    return lax.conv_general_dilated(
        x,
        kernel.astype(x.dtype),
        (stride, stride),
        (padding, padding),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=lax.Precision.HIGHEST,
    )


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _strip_products(x: Array, kernel: Array, padding: tuple[int, int]) -> Array:
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
    return _strip_products(x, kernel, padding), (x, kernel)


def _backward(padding: tuple[int, int], saved: tuple, cotangent: Array) -> tuple[Array, Array]:
    """Of the plain convolution: no gradient goes through bits."""
    return jax.vjp(partial(_convolution, stride=1, padding=padding), *saved)[1](cotangent)


_strip_products.defvjp(_forward, _backward)


def strip_height(height: int, row_bytes: int) -> int:
    """How many rows of a picture make a strip: a power of two, at most the whole height."""
    rows = max(1, STRIP_BYTES // row_bytes)
    return min(height, 2 ** (rows.bit_length() - 1))


def _patch_products(x: Array, kernel: Array, dtype: jnp.dtype) -> Array:
    """The convolution whose windows neither overlap nor leave gaps: one product."""
    size = kernel.shape[0]
    rows, height, width, channels = x.shape
    patches = x.reshape(rows, height // size, size, width // size, size, channels)
    patches = patches.transpose(0, 1, 3, 2, 4, 5)
    patches = patches.reshape(*patches.shape[:3], -1)  # [B, H / size, W / size, size * size * C]
    return matmul(patches, kernel.reshape(-1, kernel.shape[-1]), dtype)


def convolve(
    x: Array, kernel: Array, stride: int, padding: tuple[int, int], dtype: jnp.dtype
) -> Array:
    """[B, H, W, C] by [size, size, C, features], the way that is fastest -> float32."""
    size = kernel.shape[0]
    if size == stride and not any(padding):
        return _patch_products(x, kernel, dtype)
    if dtype not in HALF or stride > 1 or kernel.shape[2] < WIDE_CHANNELS:
        return _convolution(x, kernel, stride, padding)

    def rounded(x: Array, kernel: Array) -> Array:
        """Rounds the result too, which the next product would do anyway."""
        return _convolution(x.astype(dtype), kernel, stride, padding).astype(jnp.float32)

    if dtype == jnp.float16:
        return rounded(x, kernel)
    in_strips = partial(_strip_products, padding=padding)
    return lax.platform_dependent(x, kernel, cpu=in_strips, default=rounded)


class Conv(nn.Module):
    """A convolution with a learned kernel [size, size, in, features], [B, H, W, C] float32 out."""

    features: int
    size: int = 3
    stride: int = 1
    padding: tuple[int, int] = (1, 1)  # before and after, the same for rows and columns
    use_bias: bool = True
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, x: Array) -> Array:
        shape = (self.size, self.size, x.shape[-1], self.features)
        kernel = self.param("kernel", nn.initializers.lecun_normal(), shape)
        y = convolve(x, kernel, self.stride, self.padding, self.dtype)
        if self.use_bias:
            y = y + self.param("bias", nn.initializers.zeros, (self.features,))
        return y


# Which taps of a kernel fall on the same pixel, once each pixel is there twice: the factors of the
# first and the second of two pixels, for an even and for an odd position.
DOUBLED = np.array([[[1, 0, 0], [0, 1, 1]], [[1, 1, 0], [0, 0, 1]]], np.float32)


class DoublingConv(nn.Module):
    """Each pixel four times, then a 3x3 convolution: [B, H, W, C] -> [B, 2H, 2W, C] float32.

    Its nine taps fall on four pixels, so their sums are multiplied with those: 4 / 9 of the work.
    """

    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, x: Array) -> Array:
        rows, height, width, channels = x.shape
        shape = (3, 3, channels, channels)
        kernel = self.param("kernel", nn.initializers.lecun_normal(), shape)
        sums = jnp.einsum(
            "aik,bjl,klcd->ijcabd", DOUBLED, DOUBLED, kernel.astype(jnp.float32),
            precision=lax.Precision.HIGHEST,
        ).reshape(2, 2, channels, -1).astype(kernel.dtype)  # fmt: skip
        # Between any four pixels: their sums for even and odd rows and columns.
        y = convolve(x, sums, 1, (1, 1), self.dtype)
        y = y.reshape(rows, height + 1, width + 1, 2, 2, channels)
        parts = [[y[:, i : i + height, j : j + width, i, j] for j in (0, 1)] for i in (0, 1)]
        doubled = jnp.stack([jnp.stack(row, 3) for row in parts], 2)  # [B, H, 2, W, 2, C]
        doubled = doubled.reshape(rows, 2 * height, 2 * width, channels)
        return doubled + self.param("bias", nn.initializers.zeros, (channels,))
