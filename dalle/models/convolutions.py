"""Convolutions of pictures [B, H, W, C], each computed the way that is fastest for its shape."""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from dalle.models.layers import matmul

# Narrower convolutions are no faster as shifted products, and need several times the memory.
SHIFTED_CHANNELS = 256


def _convolution(x: Array, kernel: Array, stride: int, padding: tuple[int, int]) -> Array:
    return lax.conv_general_dilated(
        x,
        kernel.astype(x.dtype),
        (stride, stride),
        (padding, padding),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=lax.Precision.HIGHEST,
    )


def _shifted_products(x: Array, kernel: Array, stride: int, padding: tuple[int, int]) -> Array:
    """The convolution as one bfloat16 product per kernel position, which a CPU does fastest."""
    x = jnp.pad(x.astype(jnp.bfloat16), ((0, 0), padding, padding, (0, 0)))
    size = kernel.shape[0]
    height, width = ((length - size) // stride + 1 for length in x.shape[1:3])
    total = 0.0
    for row in range(size):
        for column in range(size):
            window = x[
                :,
                row : row + (height - 1) * stride + 1 : stride,
                column : column + (width - 1) * stride + 1 : stride,
            ]
            total = total + matmul(window, kernel[row, column], jnp.bfloat16)
    return total


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
    if dtype == jnp.bfloat16 and min(kernel.shape[2:]) >= SHIFTED_CHANNELS:
        return lax.platform_dependent(
            x,
            kernel,
            cpu=lambda x, kernel: _shifted_products(x, kernel, stride, padding),
            # Rounds the result too, which the next product would do anyway.
            default=lambda x, kernel: _convolution(
                x.astype(jnp.bfloat16), kernel, stride, padding
            ).astype(jnp.float32),
        )
    return _convolution(x, kernel, stride, padding)


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


# Which taps of a kernel fall on the same pixel, once each pixel is there twice: for an even and for
# an odd position, what the first and what the second of two pixels is multiplied by.
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
        # Between any four pixels: what they give to even and odd rows and columns.
        y = convolve(x, sums, 1, (1, 1), self.dtype)
        y = y.reshape(rows, height + 1, width + 1, 2, 2, channels)
        parts = [[y[:, i : i + height, j : j + width, i, j] for j in (0, 1)] for i in (0, 1)]
        doubled = jnp.stack([jnp.stack(row, 3) for row in parts], 2)  # [B, H, 2, W, 2, C]
        doubled = doubled.reshape(rows, 2 * height, 2 * width, channels)
        return doubled + self.param("bias", nn.initializers.zeros, (channels,))
