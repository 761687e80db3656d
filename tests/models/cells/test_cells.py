"""The cell tokenizer: a cell's code is the same wherever it is and whatever is behind it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.errors import CheckpointError
from dalle.models.cells.config import CellTokenizerConfig
from dalle.models.cells.network import BLANK, CellTokenizer, cell_shapes, to_layer
from dalle.models.cells.patches import patchify, unpatchify
from dalle.models.loading import random_params

CONFIG = CellTokenizerConfig(
    resolution=32,
    cell=8,
    n_embed=24,
    embed_dim=6,
    looks=3,
    styles=2,
    tints=2,
    grounds=5,
    ground_dim=4,
    decoder_width=16,
    decoder_hidden=16,
    decoder_blocks=1,
    filter_width=8,
    reader_width=16,
)
HEADER = np.array([[1, 0, 1, 4]] * 3)


@pytest.fixture(scope="module")
def tokenizer():
    params = random_params(cell_shapes(CONFIG), seed=0)
    # Centres as far apart as random cells, or a few would win them all.
    params["codes"] = jax.tree.map(lambda leaf: 10 * leaf, params["codes"])
    return CellTokenizer(CONFIG, params)


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).random((3, 32, 32, 3), dtype=np.float32)


@pytest.fixture(scope="module")
def things():
    # Cells of one colour each: noise would come out grey, and grey cells are all alike.
    cells = np.random.default_rng(1).random((3, 4, 4, 4), dtype=np.float32)
    return cells.repeat(8, 1).repeat(8, 2)


def test_cells_are_taken_apart_and_put_together(pictures):
    cells = patchify(pictures, 8)
    assert cells.shape == (3, 4, 4, 192)
    np.testing.assert_array_equal(cells[1, 2, 3].reshape(8, 8, 3), pictures[1, 16:24, 24:])
    np.testing.assert_array_equal(unpatchify(cells, 8), pictures)


def test_a_cell_has_the_same_code_wherever_it_stands(tokenizer, things):
    moved = np.roll(things, (8, 16), axis=(1, 2))
    codes = np.asarray(tokenizer.encode_layers(things, HEADER))[:, 4:].reshape(3, 4, 4)
    assert len(np.unique(codes)) > 2
    moved_codes = np.asarray(tokenizer.encode_layers(moved, HEADER))[:, 4:].reshape(3, 4, 4)
    np.testing.assert_array_equal(np.roll(codes, (1, 2), axis=(1, 2)), moved_codes)


def test_choices_have_codes_of_their_own_and_change_no_cell(tokenizer, things):
    other = np.array([[2, 1, 0, 0]] * 3)
    codes, changed = (np.asarray(tokenizer.encode_layers(things, h)) for h in (HEADER, other))
    np.testing.assert_array_equal(codes[:, 4:], changed[:, 4:])
    # After the 24 cells: 3 looks, 2 styles, 2 tints, 5 grounds.
    assert codes[0, :4].tolist() == [25, 27, 30, 35]
    assert changed[0, :4].tolist() == [26, 28, 29, 31]
    assert tokenizer.num_codes == 36
    assert tokenizer.length == 20


def test_the_code_is_that_of_the_nearest_centre(tokenizer, things):
    codes = tokenizer.params["codes"]
    layer = patchify(to_layer(things), 8) - codes["patches"]["bias"]
    vectors = layer @ codes["patches"]["kernel"].T
    distances = np.square(vectors[..., None, :] - codes["embedding"]["embedding"]).sum(-1)
    found = np.asarray(tokenizer.encode_layers(things, HEADER))[:, 4:]
    np.testing.assert_array_equal(found, distances.argmin(-1).reshape(3, -1))


def test_a_finished_picture_is_read_into_codes(tokenizer, pictures):
    codes = np.asarray(tokenizer.encode(pictures))
    assert codes.shape == (3, 20)
    assert (codes[:, 4:] < CONFIG.n_embed).all()
    assert (codes[:, :4] >= [24, 27, 29, 31]).all()
    assert (codes[:, :4] < [27, 29, 31, 36]).all()


def test_the_decoder_looks_around(tokenizer):
    codes = np.array([[24, 27, 29, 31] + 16 * [3]])
    before = np.asarray(tokenizer.decode(codes))
    codes[0, 4 + 5] = 7
    changed = np.abs(tokenizer.decode(codes) - before).max(-1)[0] > 1e-6  # [32, 32]
    assert changed[8:16, 8:16].any()
    assert changed[7, 8:16].any(), "the neighbouring cell does not know of the change"


def test_every_choice_changes_the_picture(tokenizer):
    plain = np.array([[24, 27, 29, 31] + 16 * [3]])
    before = np.asarray(tokenizer.decode(plain))
    for place in range(4):
        other = plain.copy()
        other[0, place] += 1
        assert np.abs(tokenizer.decode(other) - before).max() > 1e-5, place


def test_codes_out_of_their_place_are_taken_for_the_nearest_that_fit(tokenizer):
    sound = np.array([[24, 28, 30, 35] + 16 * [BLANK]])
    odd = np.array([[0, 35, 35, 99] + 16 * [35]])
    np.testing.assert_array_equal(tokenizer.decode(odd), tokenizer.decode(sound))


def test_what_is_not_generated_yet_is_empty_ground(tokenizer):
    codes = np.array([[25, 27, 30, 33, 5, 6]], np.int32)
    filled = tokenizer.fill(codes)
    assert filled.dtype == np.int32
    assert filled.tolist() == [[25, 27, 30, 33, 5, 6] + 14 * [BLANK]]
    assert tokenizer.fill(codes[:, :1]).tolist() == [[25, 27, 29, 31] + 16 * [BLANK]]
    assert tokenizer.rows_known(6) == 32


def test_codes_do_not_depend_on_the_precision_that_generates(tokenizer, things):
    other = CellTokenizer(CONFIG, tokenizer.params, jnp.bfloat16)
    codes = tokenizer.encode_layers(things, HEADER)
    np.testing.assert_array_equal(codes, other.encode_layers(things, HEADER))
    decoded, exact = other.decode(codes), tokenizer.decode(codes)
    # 8 bits of mantissa through a handful of products.
    np.testing.assert_allclose(decoded, exact, atol=0.05)
    assert np.abs(decoded - exact).max() > 0


def test_the_written_config_reads_back():
    assert CellTokenizerConfig.from_json(CONFIG.to_json()) == CONFIG


def test_cells_that_do_not_fit_are_refused():
    with pytest.raises(CheckpointError, match="resolution 32, which must be a multiple of cell 7"):
        CellTokenizerConfig.from_json(CONFIG.to_json() | {"cell": 7})
    with pytest.raises(CheckpointError, match="cell 2, which must be a multiple of the filter's b"):
        CellTokenizerConfig.from_json(CONFIG.to_json() | {"cell": 2})
