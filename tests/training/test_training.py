"""Each network learns, its step is traced once, and a stopped run goes on as if it had not been."""

import dataclasses
import itertools
import json
import signal
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.errors import DalleError
from dalle.models import load_bart, load_vqgan
from dalle.models.cells import BLANK, CellNetwork
from dalle.models.checkpoint import write_params
from dalle.models.config import ClipConfig
from dalle.text import ClipTokenizer, PromptTokenizer
from dalle.text.tokenize import CLIP_SPECIALS, train_tokenizer
from dalle.training import bart, clip, finish, nano, parts, things, vqgan
from dalle.training.adopt import CODES, adopt
from dalle.training.codes import find_codes
from dalle.training.data import Batch, SceneExamples
from dalle.training.headers import GROUND_CODES
from dalle.training.places import draw_ground
from dalle.training.runs import Run

SHIPPED = Path(__file__).parents[2] / "assets" / "nano"
CELLS = dataclasses.replace(
    nano.TOKENISER,
    n_embed=128,
    embed_dim=16,
    decoder_width=32,
    decoder_hidden=32,
    decoder_blocks=1,
    filter_width=16,
    reader_width=32,
)
BART = dataclasses.replace(
    nano.BART,
    encoder_vocab_size=400,
    image_vocab_size=CELLS.num_codes,
    decoder_start_token_id=CELLS.num_codes,
    d_model=32,
    encoder_layers=1,
    decoder_layers=1,
    encoder_attention_heads=2,
    decoder_attention_heads=2,
    encoder_ffn_dim=32,
    decoder_ffn_dim=32,
)
CLIP = nano.CLIP.to_json()
for tower in ("text_config", "vision_config"):
    CLIP[tower] |= {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1}
CLIP["text_config"]["vocab_size"] = 400


@pytest.fixture(scope="module")
def examples(library):
    return SceneExamples(library, "full")


@pytest.fixture(scope="module")
def text(examples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    captions = [caption for n in range(20) for caption in examples.batch(n, 20).captions]
    train_tokenizer(captions, 400, folder / "bart")
    train_tokenizer(captions, 400, folder / "clip", CLIP_SPECIALS)
    return folder


@pytest.fixture(scope="module")
def codes(examples, tmp_path_factory):
    path = tmp_path_factory.mktemp("codes") / "codes.msgpack"
    grounds = np.stack([draw_ground(ground) for ground in GROUND_CODES])
    shown = (examples.batch(n, 50).foregrounds for n in range(4))
    parts.write_codes(path, find_codes(shown, grounds, CELLS))
    return path


@pytest.fixture(scope="module")
def things_run(examples, codes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("things")
    things.train_things(
        folder,
        CELLS,
        parts.read_codes(codes, CELLS),
        lambda start: (examples.batch(n, 4) for n in itertools.count(start)),
        examples.batch(999, 8),
        steps=300,
        batch_size=4,
        peak=3e-3,
        cooldown=0.2,
    )
    return folder


@pytest.fixture(scope="module")
def looks_run(examples, codes, things_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("looks")
    finish.train_finish(
        folder,
        CELLS,
        {
            "codes": parts.read_codes(codes, CELLS),
            "things": things.restore_things(things_run, CELLS),
        },
        lambda start: (examples.batch(n, 4) for n in itertools.count(start)),
        examples.batch(999, 8),
        steps=200,
        batch_size=4,
        peak=1e-2,
        cooldown=0.3,
    )
    return folder


@pytest.fixture(scope="module")
def known(things_run, looks_run, codes):
    return {
        "codes": parts.read_codes(codes, CELLS),
        "things": things.restore_things(things_run, CELLS),
        "finish": finish.restore_finish(looks_run, CELLS),
    }


@pytest.fixture(scope="module")
def tokeniser_run(examples, known, tmp_path_factory):
    folder = tmp_path_factory.mktemp("vqgan")
    state = train_cells(examples, known, folder, steps=60)
    return folder, state


def train_cells(examples, known, folder, steps):
    return vqgan.train_tokeniser(
        folder,
        CELLS,
        known,
        lambda start: (examples.batch(n, 4) for n in itertools.count(start)),
        examples.batch(999, 8),
        steps=steps,
        batch_size=4,
        peak=3e-3,
        cooldown=0.3,
    )


def train_bart(examples, tokeniser, text, folder, steps):
    return bart.train_bart(
        folder,
        BART,
        tokeniser,
        PromptTokenizer.from_folder(text / "bart", BART.max_text_length),
        lambda start: (examples.batch(n, 4) for n in itertools.count(start)),
        examples.batch(999, 4),
        lambda path, params: None,
        steps=steps,
        batch_size=4,
        peak=2e-3,
        cooldown=0.2,
    )


def losses(folder):
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if "loss" in row]


@pytest.fixture(scope="module")
def tokeniser(tokeniser_run, known):
    return vqgan.restore_tokeniser(tokeniser_run[0], known, CELLS)


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


def test_bart_learns_and_its_step_is_traced_once(examples, tokeniser, text, tmp_path):
    traced = bart.update._cache_size()
    state = train_bart(examples, tokeniser, text, tmp_path, steps=75)
    assert bart.update._cache_size() == traced + 1
    seen = losses(tmp_path)
    assert seen[-1] < 0.8 * seen[0]
    write_params(tmp_path / "out", state.average, BART.to_json(), dtype=jnp.int8)
    exported = load_bart(tmp_path / "out")
    assert exported.config == BART


def test_a_stopped_run_goes_on_as_if_it_had_not_been(examples, tokeniser, text, tmp_path):
    whole = train_bart(examples, tokeniser, text, tmp_path / "whole", steps=6)
    # The rate depends on the number of steps in all: stopping must not change that number.
    batches = bart.encoded

    def stop_after_three(*arguments):
        for number, batch in enumerate(batches(*arguments), 1):
            if number == 3:
                signal.raise_signal(signal.SIGTERM)
            yield batch

    bart.encoded = stop_after_three
    try:
        half = train_bart(examples, tokeniser, text, tmp_path / "parts", steps=6)
    finally:
        bart.encoded = batches
    assert int(half.step) == 3
    parts = train_bart(examples, tokeniser, text, tmp_path / "parts", steps=6)
    assert int(parts.step) == 6
    jax.tree.map(np.testing.assert_array_equal, whole.params, parts.params)


def test_a_finished_run_is_left_alone(examples, tokeniser, text, tmp_path):
    train_bart(examples, tokeniser, text, tmp_path, steps=2)
    before = (tmp_path / "state.msgpack").stat().st_mtime_ns
    state = train_bart(examples, tokeniser, text, tmp_path, steps=0)
    assert int(state.step) == 2
    assert (tmp_path / "state.msgpack").stat().st_mtime_ns == before


def test_a_run_of_another_size_is_refused(tokeniser_run, known):
    other = dataclasses.replace(CELLS, reader_width=48)
    with pytest.raises(DalleError, match=r"state\.msgpack holds another model .*another run fold"):
        vqgan.restore_tokeniser(tokeniser_run[0], known, other)


def test_an_interrupted_save_leaves_the_former_one(tokeniser_run, monkeypatch, tmp_path):
    run = Run(tmp_path)
    run.save({"step": np.int32(1)})

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("dalle.training.runs.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        run.save({"step": np.int32(2)})
    assert run.folder.joinpath("state.msgpack").read_bytes()


def test_clip_learns(examples, tokeniser, text, tmp_path):
    clip.train_clip(
        tmp_path,
        ClipConfig.from_json(CLIP),
        tokeniser,
        ClipTokenizer.from_folder(text / "clip", nano.TEXT_LENGTH),
        lambda start: (examples.batch(n, 12) for n in itertools.count(start)),
        examples.batch(999, 12),
        steps=120,
        batch_size=12,
        peak=3e-3,
        cooldown=0.3,
    )
    seen = losses(tmp_path)
    assert seen[-1] < 0.98 * seen[0]  # few things look alike: no caption can tell them apart


def test_the_model_that_ships_can_be_learned_on_from(tmp_path):
    adopt(SHIPPED, tmp_path)
    known = {
        "codes": parts.read_codes(tmp_path / CODES, nano.TOKENISER),
        "things": things.restore_things(tmp_path / "things", nano.TOKENISER),
        "finish": finish.restore_finish(tmp_path / "looks", nano.TOKENISER),
    }
    tokeniser = vqgan.restore_tokeniser(tmp_path / "vqgan", known, nano.TOKENISER)
    shipped = load_vqgan(SHIPPED / "vqgan")
    codes = np.arange(nano.TOKENISER.length)[None] % nano.TOKENISER.n_embed
    np.testing.assert_allclose(tokeniser.decode(codes), shipped.decode(codes), atol=0.05)
    assert PromptTokenizer.from_folder(tmp_path / "text" / "bart", 32)(["a cat"])
    with pytest.raises(DalleError, match="would be lost"):
        adopt(SHIPPED, tmp_path)
