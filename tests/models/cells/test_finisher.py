"""Finished pictures: no step where cells meet, crisp outlines, twice the pixels."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.models.cells.config import CellTokenizerConfig
from dalle.models.cells.crisp import enlarge
from dalle.models.cells.filters import Filter
from dalle.models.cells.joining import join_cells
from dalle.models.cells.network import CellTokenizer, cell_shapes
from dalle.models.cells.windows import convolve_windows
from dalle.models.loading import random_params
from dalle.models.resampling import twice
from tests.models.cells.test_cells import CONFIG

FINISHED = dataclasses.replace(CONFIG, finisher_width=8, finisher_blocks=1, ground_tiles=40)
CODES = np.array([[25, 27, 30, 34] + 16 * [3], [24, 28, 29, 31, *range(16)]])


@pytest.fixture(scope="module")
def tokenizer():
    params = random_params(cell_shapes(FINISHED), seed=0)
    params["codes"] = jax.tree.map(lambda leaf: 10 * leaf, params["codes"])
    return CellTokenizer(FINISHED, params)


def test_a_finished_picture_has_twice_the_pixels(tokenizer):
    assert tokenizer.resolution == 64
    assert tokenizer.decode(CODES).shape == (2, 64, 64, 3)
    assert tokenizer.decode_small(CODES).shape == (2, 32, 32, 3)


def test_a_picture_is_the_same_whatever_it_is_finished_with(tokenizer):
    alone = tokenizer.decode(np.stack([CODES[1], CODES[1]]))
    beside = tokenizer.decode(CODES)
    np.testing.assert_allclose(beside[1], alone[0], atol=1e-6)


def test_a_model_without_a_finisher_generates_as_before(tokenizer):
    older = {k: v for k, v in CONFIG.to_json().items() if not k.startswith("finish")}
    config = CellTokenizerConfig.from_json(older)
    assert config == CONFIG
    params = {part: tokenizer.params[part] for part in ("codes", "reader")}
    parts = ("things", "dye", "finish")
    params["decoder"] = {part: tokenizer.params["decoder"][part] for part in parts}
    decoded = CellTokenizer(config, params).decode(CODES)
    np.testing.assert_allclose(decoded, tokenizer.decode_small(CODES), atol=1e-6)


def test_no_step_is_left_where_cells_meet():
    rng = np.random.default_rng(0)
    cells = rng.uniform(-0.4, 0.4, (1, 4, 4, 4)).astype(np.float32)
    layer = cells.repeat(24, 1).repeat(24, 2) + 0.01 * rng.random((1, 96, 96, 4), np.float32)
    joined = np.asarray(join_cells(jnp.asarray(layer), 24))
    for axis in (1, 2):
        steps = np.abs(np.diff(joined, axis=axis)).mean((0, 3)).mean(2 - axis)
        border = np.arange(1, 96) % 24 == 0
        assert steps[border].max() < 0.02
    np.testing.assert_array_equal(
        join_cells(jnp.asarray(layer[:, :24, :24]), 24), layer[:, :24, :24]
    )


def test_the_enlargement_is_bicubic():
    pixels = jnp.asarray(np.random.default_rng(0).random((2, 8, 6, 3), dtype=np.float32))
    expected = jax.image.resize(pixels, (2, 16, 12, 3), "cubic")
    # Beyond the border JAX weighs what is there, and here the last pixel is repeated.
    np.testing.assert_allclose(twice(pixels)[:, 4:-4, 4:-4], expected[:, 4:-4, 4:-4], atol=1e-5)


@pytest.mark.parametrize("plain", [True, False])
def test_outlines_become_crisp_and_faint_specks_go(plain):
    y, x = np.mgrid[:48, :48]
    opacity = np.clip((16 - np.hypot(y - 24, x - 24)) / 6 + 0.5, 0, 1)  # six pixels of blur
    opacity[2:5, 2:5] = 0.2
    colour = np.array([0.4, -0.3, 0.1])
    layer = np.concatenate([opacity[..., None] * colour, opacity[..., None] / 2], -1)
    large = np.asarray(enlarge(jnp.asarray(layer[None], jnp.float32), jnp.array([plain])))[0]
    assert large.shape == (96, 96, 4)
    row = 2 * large[48, :, 3]
    assert ((row > 0.1) & (row < 0.9)).sum() <= 6  # both sides
    assert abs((2 * large[..., 3]).sum() - 4 * np.pi * 16**2) < 0.05 * 4 * np.pi * 16**2
    np.testing.assert_allclose(large[48, 48, :3], colour, atol=1e-3)
    assert (large[:12, :12] == 0).all()


def test_a_filter_sees_the_same_in_a_picture_of_twice_the_pixels():
    rng = np.random.default_rng(0)
    pixels = jnp.asarray(rng.random((2, 8, 12, 3), dtype=np.float32) - 0.5)
    alpha = jnp.asarray(rng.random((2, 8, 12, 1), dtype=np.float32))
    choice, tone = jnp.array([1, 2]), jnp.zeros((2, 3))
    network = Filter(choices=3, width=8)
    params = network.init(jax.random.key(0), pixels, alpha, choice, tone)
    params = jax.tree.map(lambda leaf: leaf + 0.1, params)
    small = network.apply(params, pixels, alpha, choice, tone)

    def double(x):
        return x.repeat(2, 1).repeat(2, 2)

    large = network.apply(params, double(pixels), double(alpha), choice, tone, 2)
    np.testing.assert_allclose(large, double(small), atol=1e-5)
    assert np.abs(small - pixels).max() > 0.01


def test_the_gradients_of_a_convolution_are_those_of_its_definition():
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.standard_normal((2, 5, 4, 3)), jnp.float32)
    kernel = jnp.asarray(rng.standard_normal((3, 3, 3, 2)), jnp.float32)

    def by_hand(x, kernel):
        padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        return sum(
            padded[:, i : i + 5, j : j + 4] @ kernel[i, j] for i in range(3) for j in range(3)
        )

    def loss(function):
        return jax.grad(lambda *inputs: jnp.sin(function(*inputs)).sum(), (0, 1))(x, kernel)

    for found, expected in zip(loss(convolve_windows), loss(by_hand), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)
