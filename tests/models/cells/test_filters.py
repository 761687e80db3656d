"""Filters know what is at and around a pixel, and leave alone what they must."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.models.cells.filters import Filter, describe


@pytest.fixture(scope="module")
def pixels():
    return jnp.asarray(np.random.default_rng(0).random((2, 8, 12, 3), dtype=np.float32) - 0.5)


def test_a_pixel_knows_itself_its_block_and_its_row(pixels):
    alpha, tone = jnp.ones((2, 8, 12, 1)), jnp.array([[1.0, 2, 3], [4, 5, 6]])
    known = np.asarray(describe(pixels, alpha, tone)).reshape(2, 8, 12, -1)
    np.testing.assert_array_equal(known[..., :3], pixels)
    np.testing.assert_array_equal(known[..., 3], 1)
    right = np.abs(pixels[0, 2, 4] - pixels[0, 2, 3]).max()
    below = np.abs(pixels[0, 3, 3] - pixels[0, 2, 3]).max()
    np.testing.assert_allclose(known[0, 2, 3, 4], right + below, rtol=1e-6)
    block = np.asarray(pixels[0, 4:8, 8:12]).mean((0, 1))
    np.testing.assert_allclose(known[0, 6, 9, 5:8], block, rtol=1e-5)
    np.testing.assert_array_equal(known[0, 6, 9, 8:12], [0, 0, 1, 0])
    np.testing.assert_array_equal(known[1, 6, 9, 12:], [4, 5, 6])


def test_every_choice_has_a_network_of_its_own(pixels):
    network = Filter(choices=3, width=8)
    opaque, tone = jnp.ones((2, 8, 12, 1)), jnp.zeros((2, 3))
    params = network.init(jax.random.key(0), pixels, opaque, jnp.array([1, 2]), tone)
    same = jnp.stack([pixels[0], pixels[0]])
    first, second = network.apply(params, same, opaque, jnp.array([1, 2]), tone)
    assert np.abs(first - second).max() > 1e-4
    # A pixel's change depends on nothing far from it.
    other = same.at[:, :, 8:].set(0)
    changed = network.apply(params, other, opaque, jnp.array([1, 2]), tone)
    np.testing.assert_array_equal(changed[:, :, :7], jnp.stack([first, second])[:, :, :7])


def test_choice_0_and_what_is_transparent_stay_as_they_are(pixels):
    network = Filter(choices=3, width=8)
    alpha = jnp.zeros((2, 8, 12, 1)).at[:, :4].set(1)
    tone, choice = jnp.zeros((2, 3)), jnp.array([0, 2])
    params = network.init(jax.random.key(0), pixels, alpha, choice, tone)
    changed = np.asarray(network.apply(params, pixels, alpha, choice, tone))
    np.testing.assert_array_equal(changed[0], pixels[0])
    np.testing.assert_array_equal(changed[1, 4:], pixels[1, 4:])
    assert (changed[1, :4] != pixels[1, :4]).any()


def test_where_all_choices_are_0_nothing_is_computed(pixels):
    network = Filter(choices=3, width=8)
    alpha, tone = jnp.ones((2, 8, 12, 1)), jnp.zeros((2, 3))
    params = network.init(jax.random.key(0), pixels, alpha, jnp.array([1, 2]), tone)
    # What is no number shows up wherever it is used.
    broken = jax.tree.map(lambda leaf: jnp.full_like(leaf, jnp.nan), params)
    left = network.apply(broken, pixels, alpha, jnp.array([0, 0]), tone)
    np.testing.assert_array_equal(left, pixels)
    assert jnp.isnan(network.apply(broken, pixels, alpha, jnp.array([0, 1]), tone)).any()
