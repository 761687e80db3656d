"""Convolutions computed as products, or on half the pixels, are the convolutions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.models.convolutions import SHIFTED_CHANNELS, Conv, DoublingConv


def make_conv(dtype: jnp.dtype, **options) -> tuple[Conv, dict, jax.Array]:
    """A wide convolution whose inputs are bfloat16 values, so that both dtypes give one result."""
    conv = Conv(SHIFTED_CHANNELS, dtype=dtype, **options)
    x = jax.random.normal(jax.random.key(0), (2, 8, 6, SHIFTED_CHANNELS))
    x = x.astype(jnp.bfloat16).astype(jnp.float32)
    params = Conv(SHIFTED_CHANNELS, **options).init(jax.random.key(1), x)
    params = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16).astype(jnp.float32), params)
    return conv, params, x


@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": (0, 1)}, {"size": 5}])
def test_shifted_products_are_the_convolution(options: dict):
    conv, params, x = make_conv(jnp.float32, **options)
    shifted, _, _ = make_conv(jnp.bfloat16, **options)
    # Only the order of the sums differs.
    np.testing.assert_allclose(shifted.apply(params, x), conv.apply(params, x), atol=1e-4)


def test_patch_products_are_the_convolution():
    # Padding by nothing but a wider window's margin keeps the second off the short cut.
    patches, params, x = make_conv(jnp.float32, size=2, stride=2, padding=(0, 0))
    margin = jax.tree.map(
        lambda leaf: jnp.pad(leaf, ((0, 1), (0, 1), (0, 0), (0, 0))) if leaf.ndim == 4 else leaf,
        params,
    )
    whole = Conv(SHIFTED_CHANNELS, size=3, stride=2, padding=(0, 1))
    np.testing.assert_allclose(patches.apply(params, x), whole.apply(margin, x), atol=1e-4)


def test_shifted_products_have_the_convolutions_gradient():
    def gradient(dtype: jnp.dtype) -> jax.Array:
        conv, params, x = make_conv(dtype)
        return jax.grad(lambda params: jnp.square(conv.apply(params, x)).mean())(params)

    exact, near = gradient(jnp.float32), gradient(jnp.bfloat16)
    for name, leaf in exact["params"].items():
        # The backward pass rounds its own input: 8 bits of the largest value.
        limit = 0.01 * float(jnp.abs(leaf).max())
        np.testing.assert_allclose(near["params"][name], leaf, rtol=0, atol=limit)


@pytest.mark.parametrize(("platform", "products"), [("cpu", 9), ("cuda", 0), ("tpu", 0)])
def test_only_a_cpu_shifts(platform: str, products: int):
    conv, params, x = make_conv(jnp.bfloat16)
    program = jax.jit(conv.apply).trace(params, x).lower(lowering_platforms=(platform,)).as_text()
    assert program.count("stablehlo.dot_general") == products
    assert program.count("stablehlo.convolution") == (products == 0)


@pytest.mark.parametrize(("dtype", "tolerance"), [(jnp.float32, 1e-5), (jnp.bfloat16, 0.02)])
@pytest.mark.parametrize("channels", [6, SHIFTED_CHANNELS])
def test_a_doubled_picture_need_not_be_doubled_first(dtype, tolerance, channels):
    x = jax.random.normal(jax.random.key(0), (2, 5, 7, channels))
    conv = Conv(channels)
    params = conv.init(jax.random.key(1), x)
    params["params"]["bias"] += jnp.arange(channels) / channels
    expected = conv.apply(params, x.repeat(2, 1).repeat(2, 2))
    doubled = DoublingConv(dtype).apply(params, x)
    assert (doubled.shape, doubled.dtype) == ((2, 10, 14, channels), jnp.float32)
    limit = tolerance * float(jnp.abs(expected).max())
    np.testing.assert_allclose(doubled, expected, rtol=0, atol=limit)
