"""Filters see patches with a border, put them back in place, and leave alone what they must."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.models.filters import Filter, to_windows
from dalle.models.squares import from_squares


@pytest.fixture(scope="module")
def pixels():
    return jnp.asarray(np.random.default_rng(0).random((2, 8, 12, 3), dtype=np.float32) - 0.5)


def test_a_window_is_a_patch_with_its_border(pixels):
    windows = to_windows(pixels)
    assert windows.shape == (2, 2, 3, 36 * 3)
    inner = windows.reshape(2, 2, 3, 6, 6, 3)[:, :, :, 1:5, 1:5].reshape(2, 2, 3, -1)
    np.testing.assert_array_equal(from_squares(inner, 4), pixels)
    np.testing.assert_array_equal(windows.reshape(2, 2, 3, 6, 6, 3)[:, 0, 0, 5, 5], pixels[:, 4, 4])


def test_choice_0_and_what_is_transparent_stay_as_they_are(pixels):
    network = Filter(choices=3, width=8, dtype=jnp.float32)
    alpha = jnp.zeros((2, 8, 12, 1)).at[:, :4].set(1)
    tone, choice = jnp.zeros((2, 3)), jnp.array([0, 2])
    params = network.init(jax.random.key(0), pixels, alpha, choice, tone)
    changed = np.asarray(network.apply(params, pixels, alpha, choice, tone))
    np.testing.assert_array_equal(changed[0], pixels[0])
    np.testing.assert_array_equal(changed[1, 4:], pixels[1, 4:])
    assert (changed[1, :4] != pixels[1, :4]).any()


def test_where_all_choices_are_0_nothing_is_computed(pixels):
    network = Filter(choices=3, width=8, dtype=jnp.float32)
    alpha, tone = jnp.ones((2, 8, 12, 1)), jnp.zeros((2, 3))
    params = network.init(jax.random.key(0), pixels, alpha, jnp.array([1, 2]), tone)
    # What is no number shows up wherever it is used.
    broken = jax.tree.map(lambda leaf: jnp.full_like(leaf, jnp.nan), params)
    left = network.apply(broken, pixels, alpha, jnp.array([0, 0]), tone)
    np.testing.assert_array_equal(left, pixels)
    assert jnp.isnan(network.apply(broken, pixels, alpha, jnp.array([0, 1]), tone)).any()
