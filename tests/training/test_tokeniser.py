"""The parts of the image tokeniser learn, and are the same when they are written and read."""

import dataclasses
import json

import jax.numpy as jnp
import numpy as np
import pytest

from dalle.errors import DalleError
from dalle.models import load_vqgan
from dalle.models.cells import BLANK, CellNetwork
from dalle.models.checkpoint import write_params
from dalle.training import bart, finish, parts, things, vqgan
from dalle.training.data import Batch
from dalle.training.headers import GROUND_CODES
from dalle.training.places import draw_ground
from tests.training.conftest import CELLS, losses


def test_the_tokeniser_learns_what_things_look_like(things_run, known, examples, tmp_path):
    batch = examples.batch(500, 8)
    network = CellNetwork(CELLS)

    def error(params):
        shown = batch.foregrounds, batch.headers
        true, drawn = things.redraw(params, known["codes"], shown, network)
        return float(jnp.square(drawn - true).mean())

    untrained = things.restore_things(tmp_path, CELLS)
    assert error(known["things"]) < 0.9 * error(untrained)
    assert (things_run / "samples.png").is_file()


def test_the_tokeniser_learns_looks(looks_run, known, examples, tmp_path):
    network = CellNetwork(CELLS)
    pictures, looked, looks = next(
        finish.give_looks(iter([examples.batch(500, 8)]), known, network, 0, 7)
    )
    assert (looks > 0).all()

    def error(params):
        drawn = finish.finish(network, params, pictures, looks)
        return float(jnp.abs(drawn - looked / 255).mean())

    untrained = finish.restore_finish(tmp_path, CELLS)
    assert error(known["finish"]) < 0.7 * error(untrained)
    assert (looks_run / "samples.png").is_file()


def test_the_tokeniser_learns_to_tint_and_to_read(tokeniser_run, known, examples, tmp_path):
    folder, _ = tokeniser_run
    assert (folder / "samples.png").is_file()
    assert (folder / "curve.png").is_file()
    seen = losses(folder)
    assert seen[-1] < 0.8 * seen[0]
    trained = vqgan.restore_tokeniser(folder, known, CELLS)
    untrained = vqgan.restore_tokeniser(tmp_path, known, CELLS)
    batch = examples.batch(500, 8)
    after, before = (
        vqgan.draw_reconstructions(tmp_path / "drawn.png", model, batch)
        for model in (trained, untrained)
    )
    assert after["held_out_psnr_read"] > before["held_out_psnr_read"]
    tinted = Batch([scene for scene in examples.batch(5, 200).examples if scene.tint])
    after, before = (
        vqgan.draw_reconstructions(tmp_path / "tinted.png", model, tinted)
        for model in (trained, untrained)
    )
    assert after["held_out_psnr_known"] > before["held_out_psnr_known"]
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    reading = [row["reading"] for row in rows if "reading" in row]
    assert reading[-1] < 0.8 * reading[0]


def test_grounds_and_empty_cells_are_exact(tokeniser):
    things = np.zeros((1, 192, 192, 4), np.float32)
    for number in (0, 1, GROUND_CODES.index(("beach", 2))):
        codes = tokeniser.encode_layers(things, np.array([[0, 0, 0, number]]))
        assert (np.asarray(codes)[0, 4:] == BLANK).all()
        drawn = np.asarray(tokeniser.decode(codes))[0]
        error = np.abs(drawn - draw_ground(GROUND_CODES[number]) / 255).mean()
        assert error < 6 / 255


def test_codes_of_another_size_and_missing_ones_are_refused(codes, tmp_path):
    with pytest.raises(DalleError, match=r"there are no codes in .*train codes"):
        parts.read_codes(tmp_path / "codes.msgpack", CELLS)
    other = dataclasses.replace(CELLS, n_embed=64)
    with pytest.raises(DalleError, match="holds codes of another size"):
        parts.read_codes(codes, other)


def test_the_exported_tokeniser_is_the_trained_one(
    tokeniser_run, tokeniser, known, examples, tmp_path
):
    params = parts.join(tokeniser_run[1].average, known)
    write_params(tmp_path, params, CELLS.to_json(), dtype=jnp.float16)
    batch = examples.batch(5, 2)
    loaded = load_vqgan(tmp_path)
    found = loaded.encode_layers(batch.foregrounds / np.float32(255), batch.headers)
    # A cell between two centres may change sides by rounding to float16.
    assert (np.asarray(found) == bart.codes_of(batch, tokeniser)).mean() > 0.98
    np.testing.assert_allclose(loaded.decode(found), tokeniser.decode(found), atol=0.05)


def test_a_run_of_another_size_is_refused(tokeniser_run, known):
    other = dataclasses.replace(CELLS, reader_width=48)
    with pytest.raises(DalleError, match=r"state\.msgpack holds another model .*another run fold"):
        vqgan.restore_tokeniser(tokeniser_run[0], known, other)
