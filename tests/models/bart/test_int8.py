"""int8 products: rounded rows and weights, exact sums, and logits that stay near float32's."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.models import load_bart
from dalle.models.bart import decoding
from dalle.models.bart.decoding import cross_attention_cache, linear, prepare, quantize_rows, step
from dalle.models.bart.kv_cache import empty_cache
from dalle.models.int8_matmul import int8_matmul, without_sign

FIXTURE = Path(__file__).parents[2] / "fixtures" / "dalle-bart-tiny"


def test_a_row_of_the_largest_values_is_kept_to_half_a_step():
    x = np.random.default_rng(0).standard_normal((5, 40)).astype(np.float32)
    x[2] = 0
    quantized = quantize_rows(jnp.asarray(x))
    assert quantized["kernel"].dtype == jnp.int8
    again = np.asarray(quantized["kernel"], np.float32) * np.asarray(quantized["scale"])[:, None]
    half = np.abs(x).max(1, keepdims=True) / 127 / 2
    assert (np.abs(again - x) <= half * 1.001).all()
    assert np.abs(np.asarray(quantized["kernel"])).max(1).tolist() == [127, 127, 0, 127, 127]


def test_a_product_of_what_int8_holds_is_exact():
    generator = np.random.default_rng(1)
    rows, kernel = (generator.integers(-127, 128, shape) for shape in ((3, 64), (7, 64)))
    rows[:, 0] = kernel[:, 0] = 127  # so that no value is rounded
    weight = quantize_rows(jnp.asarray(kernel * 0.5, jnp.float32))
    weight["bias"] = jnp.arange(7.0)
    y = linear(jnp.asarray(rows * 0.25, jnp.float32), weight)
    np.testing.assert_allclose(y, rows @ kernel.T * 0.125 + np.arange(7), rtol=1e-6)
    unsigned = weight | {"kernel": without_sign(weight["kernel"])}
    assert (linear(jnp.asarray(rows * 0.25, jnp.float32), unsigned) == y).all()


def test_bytes_are_multiplied_exactly():
    generator = np.random.default_rng(3)
    unsigned = generator.integers(0, 256, (30, 1100), np.uint8)
    signed = generator.integers(-128, 128, (9, 1100), np.int8)
    unsigned[0], signed[0] = 255, -128  # the largest sum, which no int16 between would hold
    exact = unsigned.astype(np.int64) @ signed.astype(np.int64).T
    y = jax.jit(int8_matmul)(unsigned, signed)
    assert y.dtype == jnp.int32
    assert (np.asarray(y) == exact).all()
    numbers = jnp.arange(-128, 128, dtype=jnp.int8)
    assert without_sign(numbers).tolist() == list(range(256))
    with pytest.raises(TypeError, match="int8 x int8 was given; it must be uint8 x int8"):
        int8_matmul(numbers[None], numbers[None])


@pytest.mark.parametrize("unsigned", [False, True])
def test_kernels_are_laid_out_as_the_processor_multiplies_them(monkeypatch, unsigned):
    monkeypatch.setattr(decoding, "multiplies_bytes", lambda: unsigned)
    bart = load_bart(FIXTURE)
    weights = prepare(bart.params, bart.config, jnp.int8)
    assert weights.tree["head"]["kernel"].dtype == (jnp.uint8 if unsigned else jnp.int8)
    assert weights.kernel_dtype == jnp.int8
    assert prepare(bart.params, bart.config, jnp.bfloat16).kernel_dtype == jnp.bfloat16


@pytest.mark.parametrize(
    ("dtype", "unsigned"), [(jnp.bfloat16, False), (jnp.int8, False), (jnp.int8, True)]
)
def test_logits_stay_near_those_of_float32(monkeypatch, dtype, unsigned):
    monkeypatch.setattr(decoding, "multiplies_bytes", lambda: unsigned)
    bart = load_bart(FIXTURE)
    config = bart.config
    generator = np.random.default_rng(2)
    memory = jnp.asarray(
        generator.standard_normal((2, config.max_text_length, config.d_model)), jnp.float32
    )
    tokens = jnp.full(4, config.decoder_start_token_id, jnp.int32)

    def logits(dtype: jnp.dtype) -> np.ndarray:
        weights = prepare(bart.params, config, dtype)
        cross = cross_attention_cache(weights, memory, jnp.ones(memory.shape[:2]))
        return np.asarray(step(weights, empty_cache(config, 4, 4), cross, tokens, jnp.int32(0))[0])

    exact, rounded = logits(jnp.float32), logits(dtype)
    difference = np.abs(rounded - exact).max() / np.abs(exact).max()
    assert 0 < difference < 0.05
