"""BART and CLIP learn, its step is traced once, and a stopped run goes on as if it had not been."""

import dataclasses
import signal
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.errors import DalleError
from dalle.models import load_bart, load_vqgan
from dalle.models.checkpoints.checkpoint import write_params
from dalle.models.clip.config import ClipConfig
from dalle.text import ClipTokenizer, PromptTokenizer
from dalle.text.tokenize import CLIP_SPECIALS, train_tokenizer
from dalle.training import bart, clip, nano
from dalle.training.adopt import CODES, GROUNDS, adopt
from dalle.training.run import Run
from dalle.training.tokenizer import decoder as things
from dalle.training.tokenizer import filters, finisher, parts
from dalle.training.tokenizer import reader as vqgan
from tests.training.conftest import CELLS, lesson, losses

SHIPPED = Path(__file__).parents[2] / "assets" / "nano"
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
def text(examples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    captions = [caption for n in range(20) for caption in examples.batch(n, 20).captions]
    train_tokenizer(captions, 400, folder / "bart")
    train_tokenizer(captions, 400, folder / "clip", CLIP_SPECIALS)
    return folder


def train_bart(examples, tokenizer, text, folder, steps):
    return bart.train_bart(
        folder,
        BART,
        tokenizer,
        PromptTokenizer.from_folder(text / "bart", BART.max_text_length),
        lambda path, params: None,
        lesson(examples, 4, steps=steps, peak=2e-3),
    )


def test_bart_learns_and_its_step_is_traced_once(examples, tokenizer, text, tmp_path):
    traced = bart.update._cache_size()
    state = train_bart(examples, tokenizer, text, tmp_path, steps=75)
    assert bart.update._cache_size() == traced + 1
    seen = losses(tmp_path)
    assert seen[-1] < 0.8 * seen[0]
    write_params(tmp_path / "out", state.average, BART.to_json(), dtype=jnp.int8)
    exported = load_bart(tmp_path / "out")
    assert exported.config == BART


def test_a_stopped_run_goes_on_as_if_it_had_not_been(examples, tokenizer, text, tmp_path):
    whole = train_bart(examples, tokenizer, text, tmp_path / "whole", steps=6)
    # The rate depends on the number of steps in all: stopping must not change that number.
    batches = bart.encoded

    def stop_after_three(*arguments):
        for number, batch in enumerate(batches(*arguments), 1):
            if number == 3:
                signal.raise_signal(signal.SIGTERM)
            yield batch

    bart.encoded = stop_after_three
    try:
        half = train_bart(examples, tokenizer, text, tmp_path / "parts", steps=6)
    finally:
        bart.encoded = batches
    assert int(half.step) == 3
    parts = train_bart(examples, tokenizer, text, tmp_path / "parts", steps=6)
    assert int(parts.step) == 6
    jax.tree.map(np.testing.assert_array_equal, whole.params, parts.params)


def test_a_run_of_a_few_seconds_ends_by_the_clock(examples, tokenizer, text, tmp_path):
    planned = lesson(examples, 4, steps=10**9, peak=2e-3)
    state = bart.train_bart(
        tmp_path,
        BART,
        tokenizer,
        PromptTokenizer.from_folder(text / "bart", BART.max_text_length),
        lambda path, params: None,
        dataclasses.replace(planned, minutes=0.1, watched={"held_out_plain": planned.held_out}),
    )
    rows = Run(tmp_path).read_log()
    assert int(state.step) >= 1
    assert any("held_out_plain" in row for row in rows)


def test_a_finished_run_is_left_alone(examples, tokenizer, text, tmp_path):
    train_bart(examples, tokenizer, text, tmp_path, steps=2)
    before = (tmp_path / "state.msgpack").stat().st_mtime_ns
    state = train_bart(examples, tokenizer, text, tmp_path, steps=0)
    assert int(state.step) == 2
    assert (tmp_path / "state.msgpack").stat().st_mtime_ns == before


def test_an_interrupted_save_leaves_the_former_one(tokenizer_run, monkeypatch, tmp_path):
    run = Run(tmp_path)
    run.save({"step": np.int32(1)})

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("dalle.files.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        run.save({"step": np.int32(2)})
    assert run.folder.joinpath("state.msgpack").read_bytes()


def test_clip_learns(examples, tokenizer, text, tmp_path):
    clip.train_clip(
        tmp_path,
        ClipConfig.from_json(CLIP),
        tokenizer,
        ClipTokenizer.from_folder(text / "clip", nano.TEXT_LENGTH),
        lesson(examples, 12, steps=120, peak=3e-3),
    )
    seen = losses(tmp_path)
    assert seen[-1] < 0.98 * seen[0]  # few things look alike: no caption can tell them apart


def test_the_model_that_ships_can_be_learned_on_from(tmp_path):
    adopt(SHIPPED, tmp_path)
    known = {
        "codes": parts.read_codes(tmp_path / CODES, nano.TOKENISER),
        "things": things.restore_things(tmp_path / "things", nano.TOKENISER),
    } | {
        course.part: filters.restore_filter(tmp_path / course.codes, nano.TOKENISER, course)
        for course in filters.COURSES.values()
    }
    known["grounds"] = parts.read_codes(tmp_path / GROUNDS, nano.TOKENISER, "grounds")
    known["finisher"] = finisher.restore_finisher(tmp_path / "finisher", nano.TOKENISER)
    tokenizer = vqgan.restore_tokenizer(tmp_path / "vqgan", known, nano.TOKENISER)
    shipped = load_vqgan(SHIPPED / "vqgan")
    tokenizer = dataclasses.replace(tokenizer, dtype=shipped.dtype)  # else rounding moves pixels
    codes = np.arange(nano.TOKENISER.length)[None] % nano.TOKENISER.n_embed
    apart = np.abs(tokenizer.decode(codes) - shipped.decode(codes))
    assert np.mean(apart > 0.05) < 1e-4  # outlines are sharpened: a few pixels may move
    assert np.mean(apart) < 1e-4
    assert PromptTokenizer.from_folder(tmp_path / "text" / "bart", 32)(["a cat"])
    with pytest.raises(DalleError, match="would be lost"):
        adopt(SHIPPED, tmp_path)
