"""The layers: a convolution, and one of a picture that is twice as large."""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from dalle.models.convolutions.convolve import convolve


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
