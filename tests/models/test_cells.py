"""The cell tokeniser: the same cell has the same code wherever it is, and codes draw pictures."""

import jax.numpy as jnp
import numpy as np
import pytest

from dalle.errors import CheckpointError
from dalle.models.cells import CellTokenizer, cell_shapes, from_cells, to_cells
from dalle.models.config import CellTokenizerConfig
from dalle.models.loading import random_params

CONFIG = CellTokenizerConfig(
    resolution=32,
    cell=8,
    n_embed=24,
    embed_dim=6,
    decoder_width=16,
    decoder_blocks=1,
    refiner_width=8,
    refiner_blocks=1,
    refinement=2,
)


@pytest.fixture(scope="module")
def tokeniser():
    params = random_params(cell_shapes(CONFIG), seed=0)
    # Centres as far apart as random cells, or a few would win them all.
    params["quantize"]["embedding"] *= 10
    return CellTokenizer(CONFIG, params)


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).random((3, 32, 32, 3), dtype=np.float32)


def test_cells_are_taken_apart_and_put_together(pictures):
    cells = to_cells(pictures, 8)
    assert cells.shape == (3, 4, 4, 192)
    np.testing.assert_array_equal(cells[1, 2, 3].reshape(8, 8, 3), pictures[1, 16:24, 24:])
    np.testing.assert_array_equal(from_cells(cells, 8), pictures)


def test_a_cell_has_the_same_code_wherever_it_stands(tokeniser, pictures):
    moved = np.roll(pictures, (8, 16), axis=(1, 2))
    codes = np.asarray(tokeniser.encode(pictures)).reshape(3, 4, 4)
    assert len(np.unique(codes)) > 4
    moved_codes = np.asarray(tokeniser.encode(moved)).reshape(3, 4, 4)
    np.testing.assert_array_equal(np.roll(codes, (1, 2), axis=(1, 2)), moved_codes)


def test_the_code_is_that_of_the_nearest_centre(tokeniser, pictures):
    project = tokeniser.params["encoder"]["project"]
    vectors = to_cells(pictures, 8) @ project["kernel"] + project["bias"]
    centres = tokeniser.params["quantize"]["embedding"]
    distances = np.square(vectors[..., None, :] - centres).sum(-1)
    codes = np.asarray(tokeniser.encode(pictures))
    np.testing.assert_array_equal(codes, distances.argmin(-1).reshape(3, -1))


def test_the_decoder_looks_around(tokeniser):
    codes = np.zeros((1, 16), np.int32)
    before = np.asarray(tokeniser.decode(codes))
    codes[0, 5] = 7
    changed = np.abs(tokeniser.decode(codes) - before).max(-1)[0] > 1e-6  # [32, 32]
    assert changed[8:16, 8:16].any()
    assert changed[7, 8:16].any(), "the neighbouring cell does not know of the change"


def test_codes_do_not_depend_on_the_precision_that_draws(tokeniser, pictures):
    other = CellTokenizer(CONFIG, tokeniser.params, jnp.bfloat16)
    np.testing.assert_array_equal(tokeniser.encode(pictures), other.encode(pictures))
    drawn, exact = other.decode(other.encode(pictures)), tokeniser.decode(other.encode(pictures))
    # 8 bits of mantissa through four products.
    np.testing.assert_allclose(drawn, exact, atol=0.02)
    assert np.abs(drawn - exact).max() > 0


def test_the_written_config_reads_back():
    assert CellTokenizerConfig.from_json(CONFIG.to_json()) == CONFIG


def test_cells_that_do_not_fit_are_refused():
    with pytest.raises(CheckpointError, match="resolution 32, which must be a multiple of cell 7"):
        CellTokenizerConfig.from_json(CONFIG.to_json() | {"cell": 7})
