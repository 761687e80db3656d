"""Chooses the way in which a convolution is computed."""

from functools import partial

import jax.numpy as jnp
from jax import Array, lax

from dalle.models.convolutions.int8 import int8_convolution
from dalle.models.convolutions.strips import plain_convolution, strip_products
from dalle.models.hardware import inference_dtype
from dalle.models.layers import HALF, matmul

# With fewer a product is too short to gain; the encoder's first convolution alone has fewer.
WIDE_CHANNELS = 128


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
    """[B, H, W, C] by [size, size, C, features], the way that is fastest -> float32.

    In int8 are wide convolutions alone: elsewhere its rounding is seen, or gains nothing.
    """
    size = kernel.shape[0]
    if dtype == jnp.int8:
        if stride == 1 < size and min(kernel.shape[2:]) >= WIDE_CHANNELS:
            return int8_convolution(x, kernel, padding)
        dtype = inference_dtype()
    if size == stride and not any(padding):
        return _patch_products(x, kernel, dtype)
    if dtype not in HALF or stride > 1 or kernel.shape[2] < WIDE_CHANNELS:
        return plain_convolution(x, kernel, stride, padding)

    def rounded(x: Array, kernel: Array) -> Array:
        """Rounds the result too, which the next product would do anyway."""
        return plain_convolution(x.astype(dtype), kernel, stride, padding).astype(jnp.float32)

    if dtype == jnp.float16:
        return rounded(x, kernel)
    in_strips = partial(strip_products, padding=padding)
    return lax.platform_dependent(x, kernel, cpu=in_strips, default=rounded)
