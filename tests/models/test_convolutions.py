"""Convolutions computed as products, or on half the pixels, are the convolutions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.models.convolutions.conv import Conv, DoublingConv
from dalle.models.convolutions.convolve import WIDE_CHANNELS
from dalle.models.convolutions.strips import STRIP_BYTES, strip_height


def make_conv(dtype: jnp.dtype, height: int = 8, **options) -> tuple[Conv, dict, jax.Array]:
    """A wide convolution whose inputs are bfloat16 values, so that both dtypes give one result."""
    conv = Conv(WIDE_CHANNELS, dtype=dtype, **options)
    x = jax.random.normal(jax.random.key(0), (2, height, 6, WIDE_CHANNELS))
    x = x.astype(jnp.bfloat16).astype(jnp.float32)
    params = Conv(WIDE_CHANNELS, **options).init(jax.random.key(1), x)
    params = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16).astype(jnp.float32), params)
    return conv, params, x


@pytest.mark.parametrize("rows_of_a_strip", [1, 2, 3, 100])
@pytest.mark.parametrize("options", [{}, {"height": 7}, {"padding": (2, 0)}, {"size": 5}])
def test_strip_products_are_the_convolution(monkeypatch, options: dict, rows_of_a_strip: int):
    row = 6 * options.get("size", 3) * WIDE_CHANNELS * 2  # bytes, of six pixels
    monkeypatch.setattr("dalle.models.convolutions.strips.STRIP_BYTES", rows_of_a_strip * row)
    conv, params, x = make_conv(jnp.float32, **options)
    in_strips, _, _ = make_conv(jnp.bfloat16, **options)
    # Only the order of the sums differs.
    np.testing.assert_allclose(in_strips.apply(params, x), conv.apply(params, x), atol=1e-4)


@pytest.mark.parametrize("rows_of_a_strip", [1, 2, 100])
@pytest.mark.parametrize("options", [{}, {"height": 7}, {"padding": (2, 0)}, {"size": 5}])
def test_bytes_are_exact_where_all_values_are_steps(monkeypatch, options, rows_of_a_strip: int):
    """Of whole numbers that 8 bits hold, the convolution is the plain one."""
    row = 6 * options.get("size", 3) * WIDE_CHANNELS  # bytes, of six pixels
    monkeypatch.setattr("dalle.models.convolutions.strips.STRIP_BYTES", rows_of_a_strip * row)
    conv, params, x = make_conv(jnp.float32, **options)
    in_bytes, _, _ = make_conv(jnp.int8, **options)
    dice = np.random.default_rng(0)
    x = dice.integers(-55, 201, x.shape).astype(np.float32)
    x[:, 0, 0, 0], x[:, 0, 0, 1] = -55, 200  # the whole range, in each picture
    kernel = dice.integers(-127, 128, params["params"]["kernel"].shape).astype(np.float32)
    kernel[0, 0, 0] = 127
    params["params"]["kernel"] = jnp.asarray(kernel)
    plain = conv.apply(params, x)
    np.testing.assert_allclose(in_bytes.apply(params, x), plain, rtol=1e-6, atol=1)


def test_bytes_round_each_picture_by_itself():
    conv, params, x = make_conv(jnp.int8)
    x = x.at[1].multiply(1000)
    both = conv.apply(params, x)
    np.testing.assert_allclose(both[0], conv.apply(params, x[:1])[0], rtol=1e-5)
    plain = make_conv(jnp.float32)[0].apply(params, x)
    for one, other in zip(both, plain, strict=True):
        error = jnp.sqrt(jnp.square(one - other).mean() / jnp.square(other).mean())
        assert 0 < error < 0.03


def test_bytes_of_nothing_are_nothing():
    conv, params, x = make_conv(jnp.int8, use_bias=False)
    assert (conv.apply(params, 0 * x) == 0).all()


@pytest.mark.parametrize(
    ("height", "rows", "strip"),
    [(256, 8, 8), (256, 15, 8), (16, 100, 16), (17, 100, 17), (9, 0, 1)],
)
def test_strips_are_as_high_as_the_caches_bear(height: int, rows: int, strip: int):
    row = STRIP_BYTES // rows if rows else 2 * STRIP_BYTES
    assert strip_height(height, row) == strip


def test_patch_products_are_the_convolution():
    # Padding by nothing but a wider window's margin keeps the second off the short cut.
    patches, params, x = make_conv(jnp.float32, size=2, stride=2, padding=(0, 0))
    margin = jax.tree.map(
        lambda leaf: jnp.pad(leaf, ((0, 1), (0, 1), (0, 0), (0, 0))) if leaf.ndim == 4 else leaf,
        params,
    )
    whole = Conv(WIDE_CHANNELS, size=3, stride=2, padding=(0, 1))
    np.testing.assert_allclose(patches.apply(params, x), whole.apply(margin, x), atol=1e-4)


def test_strip_products_have_the_convolutions_gradient():
    def gradient(dtype: jnp.dtype) -> jax.Array:
        conv, params, x = make_conv(dtype)
        return jax.grad(lambda params: jnp.square(conv.apply(params, x)).mean())(params)

    exact, near = gradient(jnp.float32), gradient(jnp.bfloat16)
    for name, leaf in exact["params"].items():
        # The backward pass rounds its own input: 8 bits of the largest value.
        limit = 0.01 * float(jnp.abs(leaf).max())
        np.testing.assert_allclose(near["params"][name], leaf, rtol=0, atol=limit)


@pytest.mark.parametrize(("platform", "products"), [("cpu", 3), ("cuda", 0), ("tpu", 0)])
def test_only_a_cpu_multiplies_strips(platform: str, products: int):
    conv, params, x = make_conv(jnp.bfloat16)
    program = jax.jit(conv.apply).trace(params, x).lower(lowering_platforms=(platform,)).as_text()
    assert program.count("stablehlo.dot_general") == products
    assert program.count("stablehlo.convolution") == (products == 0)


def test_float16_is_a_convolution_of_float16_everywhere():
    conv, params, x = make_conv(jnp.float16)
    for platform in ("cpu", "cuda", "tpu"):
        program = jax.jit(conv.apply).trace(params, x).lower(lowering_platforms=(platform,))
        [line] = (line for line in program.as_text().splitlines() if "convolution" in line)
        assert line.count("f16>") == 3


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(jnp.float32, 1e-5), (jnp.bfloat16, 0.02), (jnp.float16, 0.003)]
)
@pytest.mark.parametrize("channels", [6, WIDE_CHANNELS])
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
