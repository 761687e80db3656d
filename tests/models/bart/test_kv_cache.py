"""Keys and values packed as words of two, against the same as they are."""

import json
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.models.bart.config import BartConfig
from dalle.models.bart.kv_cache import (
    BLOCK,
    PACKED,
    LayerCache,
    PackedLayerCache,
    cache_dtype,
    empty_cache,
    grow,
)
from dalle.models.hub.registry import GEOMETRIES
from tests.generation.conftest import TINY_BART

ROWS, HEADS, SIZE = 3, 2, 32


@pytest.fixture
def tokens() -> np.ndarray:
    """Keys and values [T, 2, R, H, K] of 40 tokens, as bfloat16 rounds them."""
    values = np.random.default_rng(0).standard_normal((40, 2, ROWS, HEADS, SIZE))
    return np.asarray(jnp.asarray(values, jnp.bfloat16).astype(jnp.float32))


@jax.jit
def follow(cache, token, query, position):
    """The cache with a token more, and what a query reads in it."""
    cache = cache.write(*token, position)
    return cache, cache.attend(query, jnp.arange(cache.room) <= position)


def test_packed_tokens_are_read_as_they_were_written(tokens):
    whole = LayerCache.empty(ROWS, HEADS, len(tokens), SIZE, jnp.float32)
    packed = PackedLayerCache.empty(ROWS, HEADS, len(tokens), SIZE)
    assert packed.room == 3 * BLOCK
    assert sum(x.nbytes for x in jax.tree.leaves(packed)) == 3 * BLOCK * 2 * ROWS * HEADS * SIZE * 2
    queries = np.random.default_rng(1).standard_normal((len(tokens), ROWS, HEADS, SIZE))
    for position, (token, query) in enumerate(zip(tokens, queries, strict=True)):
        whole, expected = follow(whole, token, query, position)
        packed, read = follow(packed, token, query, position)
        np.testing.assert_allclose(read, expected, atol=1e-5, err_msg=str(position))


def test_numbers_are_rounded_as_bfloat16_is():
    exact = np.random.default_rng(0).standard_normal((2, 1, 1, SIZE)).astype(np.float32)
    cache, _ = follow(PackedLayerCache.empty(1, 1, BLOCK, SIZE), exact, exact[0], 0)
    _, read = follow(cache, exact, exact[0], 0)  # a single token has all the weight
    np.testing.assert_array_equal(read, exact[1].astype(jnp.bfloat16).astype(np.float32))


def test_a_longer_packed_cache_keeps_its_tokens(tokens):
    short = PackedLayerCache.empty(ROWS, HEADS, 2 * BLOCK, SIZE)
    for position in range(20):
        short, expected = follow(short, tokens[position], tokens[position, 0], position)
    [longer] = grow([jax.tree.map(jnp.copy, short)], 33)
    assert longer.room == 3 * BLOCK
    np.testing.assert_array_equal(longer.keys[:, :, :2], short.keys)
    np.testing.assert_array_equal(longer.values[:, :, :2], short.values)
    _, read = follow(longer, tokens[19], tokens[19, 0], 20)
    _, again = follow(short, tokens[19], tokens[19, 0], 20)
    np.testing.assert_allclose(read, again, atol=1e-5)
    assert not np.allclose(read, expected)
    [longest] = grow([short], 3 * BLOCK)
    assert longest.room == 3 * BLOCK
    assert all(array.is_deleted() for array in jax.tree.leaves(short))


def test_which_cache_a_model_has():
    mini = BartConfig.from_json(json.loads((GEOMETRIES / "mini.json").read_text()))
    assert cache_dtype(mini, jnp.float32, "cpu") == jnp.float32
    assert cache_dtype(mini, jnp.bfloat16, "cpu") == cache_dtype(mini, jnp.int8, "cpu") == PACKED
    assert cache_dtype(mini, jnp.bfloat16, "tpu") == cache_dtype(mini, jnp.int8, "gpu")
    assert cache_dtype(mini, jnp.bfloat16, "tpu") == jnp.bfloat16
    assert cache_dtype(mini, jnp.float16, "gpu") == cache_dtype(mini, jnp.float16, "cpu")
    assert cache_dtype(mini, jnp.float16, "gpu") == jnp.float16
    assert cache_dtype(TINY_BART, jnp.bfloat16, "cpu") == jnp.float32
    kept = jax.eval_shape(partial(empty_cache, mini, 2, 64, PACKED))
    assert [type(layer) for layer in kept] == [PackedLayerCache] * mini.decoder_layers
