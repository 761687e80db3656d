"""The parts of the image tokenizer learn, and are the same when they are written and read."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.errors import DalleError
from dalle.models import load_vqgan
from dalle.models.cells.filters import Filter
from dalle.models.cells.finisher import Finisher
from dalle.models.cells.network import BLANK, CellNetwork, to_layer
from dalle.models.checkpoints.checkpoint import write_params
from dalle.training import bart
from dalle.training.scenes.headers import GROUND_CODES
from dalle.training.scenes.places import render_ground
from dalle.training.tokenizer import decoder as things
from dalle.training.tokenizer import filters, finisher, parts
from dalle.training.tokenizer import reader as vqgan
from dalle.training.tokenizer.changed_codes import change_cells
from tests.training.conftest import CELLS, losses


def test_the_tokenizer_learns_what_things_look_like(things_run, known, examples, tmp_path):
    batch = examples.batch(500, 8)
    network = CellNetwork(CELLS)

    def error(params):
        shown = batch.foregrounds, batch.headers
        true, decoded = things.decode_beside_truth(params, known["codes"], shown, network)
        return float(jnp.square(decoded - true).mean())

    untrained = things.restore_things(tmp_path, CELLS)
    assert error(known["things"]) < 0.9 * error(untrained)
    assert (things_run / "samples.png").is_file()


def test_the_finisher_learns_to_clear_things(finisher_run, known, examples, tmp_path):
    batch = examples.batch(500, 8)
    network = CellNetwork(CELLS)
    decoded = finisher.decode(network, known, batch.foregrounds, batch.headers, None)
    true = to_layer(batch.foregrounds / np.float32(255))

    def loss(params):
        inputs = {"params": params}, decoded, batch.headers[:, 1]
        cleared = Finisher(CELLS.finisher).apply(*inputs, method="clear")
        return float(finisher.finishing_loss(cleared, true))

    untrained = finisher.restore_finisher(tmp_path, CELLS)
    assert loss(untrained) == pytest.approx(float(finisher.finishing_loss(decoded, true)), rel=0.04)
    assert loss(known["finisher"]) < 0.95 * loss(untrained)
    assert (finisher_run / "samples.png").is_file()


def test_some_cells_of_half_of_the_pictures_are_changed(known):
    tokens = np.tile(np.r_[CELLS.header_starts, np.arange(64) % 50], (40, 1))
    network, key = CellNetwork(CELLS), jax.random.key(0)
    changed = change_cells(network, known["codes"], tokens, 0.1, key)
    differs = np.asarray(changed) != tokens
    assert not differs[:, :4].any()
    assert 8 < differs.any(1).sum() < 32
    assert 0.02 < differs[differs.any(1), 4:].mean() < 0.2


@pytest.mark.parametrize("course", filters.COURSES.values(), ids=filters.COURSES.keys())
def test_a_filter_learns(filter_runs, known, examples, tmp_path, course):
    network = CellNetwork(CELLS)
    module = Filter(getattr(CELLS, course.codes), CELLS.filter_width)
    before, pictures = filters.unfiltered(course, examples.batch(500, 8), known, network)

    def error(params, code):
        decoded = np.asarray(filters.change(module, params, before, np.full(8, code)))
        true = [filters.as_chosen(course, x, course.choices[code - 1]) for x in pictures]
        return np.abs(decoded - np.stack(true)).mean()

    untrained = filters.restore_filter(tmp_path, CELLS, course)
    codes = range(1, len(course.choices) + 1)
    after, at_first = (
        np.array([error(params, code) for code in codes])
        for params in (known[course.part], untrained)
    )
    assert after.mean() < 0.5 * at_first.mean()
    # Plain shapes look much the same in pixel art as they are; crowds in comic are mostly outlines.
    assert (after < np.maximum(0.8 * at_first, 0.03)).all()
    assert (filter_runs[course] / "samples.png").is_file()


def test_a_filter_learns_from_what_is_opaque(known, examples):
    course, batches = filters.TINT, [examples.batch(500, 2)]
    pixels = filters.Pixels.of(batches, course, known, CellNetwork(CELLS), seed=7)
    assert pixels.described.shape[0] == pixels.targets.shape[1] == 2 * filters.OF_A_PICTURE
    assert (pixels.described[:, 3] > 0).all()
    described, targets = next(pixels.sample(start=3, seed=0))
    assert described.shape[:2] == targets.shape[:2] == (len(course.choices), filters.AT_ONCE)
    # A pixel and what becomes of it stay together.
    row = np.flatnonzero((pixels.described == described[4, 9]).all(1))
    assert (pixels.targets[4, row] == targets[4, 9]).all()
    again = next(pixels.sample(start=3, seed=0))
    np.testing.assert_array_equal(again[1], targets)
    assert (next(pixels.sample(start=4, seed=0))[1] != targets).any()


def test_the_encoder_learns_to_read(tokenizer_run, known, examples, tmp_path):
    folder, _ = tokenizer_run
    assert (folder / "samples.png").is_file()
    assert (folder / "curve.png").is_file()
    seen = losses(folder)
    assert seen[-1] < 0.8 * seen[0]
    trained = vqgan.restore_tokenizer(folder, known, CELLS)
    untrained = vqgan.restore_tokenizer(tmp_path, known, CELLS)
    batch = examples.batch(500, 8)
    after, before = (
        vqgan.save_reconstructions(tmp_path / "drawn.png", model, batch)
        for model in (trained, untrained)
    )
    assert after["held_out_psnr_read"] > before["held_out_psnr_read"]
    assert after["held_out_psnr_known"] == before["held_out_psnr_known"]


def test_grounds_and_empty_cells_are_exact(tokenizer):
    things = np.zeros((1, 192, 192, 4), np.float32)
    for number in (0, 1, GROUND_CODES.index(("beach", 2))):
        codes = tokenizer.encode_layers(things, np.array([[0, 0, 0, number]]))
        assert (np.asarray(codes)[0, 4:] == BLANK).all()
        small = np.asarray(tokenizer.decode_small(codes))[0]
        assert np.abs(small - render_ground(GROUND_CODES[number]) / 255).mean() < 6 / 255
        finished = np.asarray(tokenizer.decode(codes))[0]
        assert np.abs(finished - render_ground(GROUND_CODES[number], 2) / 255).mean() < 6 / 255


def test_codes_of_another_size_and_missing_ones_are_refused(codes, tmp_path):
    with pytest.raises(DalleError, match=r"there are no codes in .*train codes"):
        parts.read_codes(tmp_path / "codes.msgpack", CELLS)
    other = dataclasses.replace(CELLS, n_embed=64)
    with pytest.raises(DalleError, match="holds codes of another size"):
        parts.read_codes(codes, other)


def test_the_exported_tokenizer_is_the_trained_one(
    tokenizer_run, tokenizer, known, examples, tmp_path
):
    params = parts.join(tokenizer_run[1].average, known)
    write_params(tmp_path, params, CELLS.to_json(), dtype=jnp.float16)
    batch = examples.batch(5, 2)
    loaded = load_vqgan(tmp_path)
    found = loaded.encode_layers(batch.foregrounds / np.float32(255), batch.headers)
    # A cell between two centres may change sides by rounding to float16.
    assert (np.asarray(found) == bart.codes_of(batch, tokenizer)).mean() > 0.98
    np.testing.assert_allclose(loaded.decode(found), tokenizer.decode(found), atol=0.05)


def test_a_run_of_another_size_is_refused(tokenizer_run, known):
    other = dataclasses.replace(CELLS, reader_width=48)
    with pytest.raises(DalleError, match=r"state\.msgpack holds another model .*another run fold"):
        vqgan.restore_tokenizer(tokenizer_run[0], known, other)
