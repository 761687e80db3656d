"""int8 products: rounded rows and weights, exact sums, and logits that stay near float32's."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from dalle.models import load_bart
from dalle.models.cache import empty_cache
from dalle.models.decoding import (
    cross_attention_cache,
    prepare,
    product,
    quantise_rows,
    step,
)

FIXTURE = Path(__file__).parents[1] / "fixtures" / "dalle-bart-tiny"


def test_a_row_of_the_largest_values_is_kept_to_half_a_step():
    x = np.random.default_rng(0).standard_normal((5, 40)).astype(np.float32)
    x[2] = 0
    quantised = quantise_rows(jnp.asarray(x))
    assert quantised["kernel"].dtype == jnp.int8
    again = np.asarray(quantised["kernel"], np.float32) * np.asarray(quantised["scale"])[:, None]
    half = np.abs(x).max(1, keepdims=True) / 127 / 2
    assert (np.abs(again - x) <= half * 1.001).all()
    assert np.abs(np.asarray(quantised["kernel"])).max(1).tolist() == [127, 127, 0, 127, 127]


def test_a_product_of_what_int8_holds_is_exact():
    generator = np.random.default_rng(1)
    rows, kernel = (generator.integers(-127, 128, shape) for shape in ((3, 64), (7, 64)))
    rows[:, 0] = kernel[:, 0] = 127  # so that no value is rounded
    weight = quantise_rows(jnp.asarray(kernel * 0.5, jnp.float32))
    weight["bias"] = jnp.arange(7.0)
    y = product(jnp.asarray(rows * 0.25, jnp.float32), weight)
    np.testing.assert_allclose(y, rows @ kernel.T * 0.125 + np.arange(7), rtol=1e-6)


@pytest.mark.parametrize(("dtype", "tolerance"), [(jnp.bfloat16, 0.05), (jnp.int8, 0.05)])
def test_logits_stay_near_those_of_float32(dtype, tolerance):
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
    assert 0 < difference < tolerance
