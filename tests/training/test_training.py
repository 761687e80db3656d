"""Each network learns, its step is traced once, and a stopped run goes on as if it had not been."""

import dataclasses
import itertools
import json
import signal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.errors import DalleError
from dalle.models import load_bart, load_vqgan
from dalle.models.checkpoint import write_params
from dalle.models.config import ClipConfig
from dalle.text import ClipTokenizer, PromptTokenizer
from dalle.text.tokenize import CLIP_SPECIALS, train_tokenizer
from dalle.training import bart, clip, nano, vqgan
from dalle.training.clip import contrary
from dalle.training.codes import find_centres
from dalle.training.data import SceneExamples
from dalle.training.runs import Run, learning_rate

CELLS = dataclasses.replace(
    nano.TOKENISER,
    n_embed=128,
    embed_dim=16,
    decoder_width=32,
    decoder_blocks=1,
    refiner_width=16,
    refiner_blocks=1,
)
BART = dataclasses.replace(
    nano.BART,
    encoder_vocab_size=400,
    image_vocab_size=128,
    decoder_start_token_id=128,
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
    return SceneExamples(library, "simple")


@pytest.fixture(scope="module")
def text(examples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    captions = [caption for n in range(20) for caption in examples.batch(n, 20)[1]]
    train_tokenizer(captions, 400, folder / "bart")
    train_tokenizer(captions, 400, folder / "clip", CLIP_SPECIALS)
    return folder


@pytest.fixture(scope="module")
def tokeniser_run(examples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("vqgan")
    state = train_cells(examples, folder, steps=80)
    return folder, state


def train_cells(examples, folder, steps):
    return vqgan.train_tokeniser(
        folder,
        CELLS,
        lambda start: (examples.batch(n, 4) for n in itertools.count(start)),
        examples.batch(999, 8)[0],
        steps=steps,
        batch_size=4,
        peak=2e-2,
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
        peak=1e-2,
        cooldown=0.2,
    )


def losses(folder):
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if "loss" in row]


@pytest.fixture(scope="module")
def tokeniser(tokeniser_run):
    return vqgan.restore_tokeniser(tokeniser_run[0], CELLS)


def test_the_tokeniser_learns_to_draw_its_codes(tokeniser_run, tokeniser, examples):
    folder, _ = tokeniser_run
    assert (folder / "samples.png").is_file()
    assert (folder / "curve.png").is_file()
    pixels = examples.batch(500, 8)[0] / np.float32(255)
    error = np.abs(tokeniser.decode(tokeniser.encode(pixels)) - pixels).mean()
    untrained = vqgan.new_state(tokeniser.network, vqgan.optimiser(0.0, 1), seed=0)
    params = tokeniser.params | {"decoder": untrained.decoder}
    blank = dataclasses.replace(tokeniser, params=params)
    assert error < 0.7 * np.abs(blank.decode(blank.encode(pixels)) - pixels).mean()


def test_plain_colours_have_codes_of_their_own(tokeniser, examples):
    pixels, _ = examples.batch(3, 16)
    corners = pixels[:, 0, 0]
    colours, rows = np.unique(corners, axis=0, return_index=True)
    codes = np.asarray(tokeniser.encode(pixels[rows] / np.float32(255)))[:, 0]
    assert len(colours) > 4
    assert len(set(codes.tolist())) == len(colours)


def test_the_exported_tokeniser_is_the_trained_one(tokeniser_run, tokeniser, examples, tmp_path):
    write_params(tmp_path, tokeniser_run[1].shipped(), CELLS.to_json(), dtype=jnp.float16)
    pixels = examples.batch(5, 2)[0] / np.float32(255)
    loaded = load_vqgan(tmp_path)
    codes = loaded.encode(pixels)
    # A cell between two centres may change sides by rounding to float16.
    assert (np.asarray(codes) == tokeniser.encode(pixels)).mean() > 0.98
    np.testing.assert_allclose(loaded.decode(codes), tokeniser.decode(codes), atol=0.03)


def test_bart_learns_and_its_step_is_traced_once(examples, tokeniser, text, tmp_path):
    traced = bart.update._cache_size()
    state = train_bart(examples, tokeniser, text, tmp_path, steps=75)
    assert bart.update._cache_size() == traced + 1
    seen = losses(tmp_path)
    assert seen[-1] < 0.8 * seen[0]
    write_params(tmp_path / "out", state.average, BART.to_json(), dtype=jnp.float16)
    assert load_bart(tmp_path / "out").config == BART


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


def test_a_run_of_another_size_is_refused(tokeniser_run):
    other = dataclasses.replace(CELLS, decoder_width=48)
    with pytest.raises(DalleError, match=r"state\.msgpack holds another model .*another run fold"):
        vqgan.restore_tokeniser(tokeniser_run[0], other)


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
        steps=75,
        batch_size=12,
        peak=3e-3,
    )
    seen = losses(tmp_path)
    assert seen[-1] < 0.98 * seen[0]  # few things look alike: no caption can tell them apart


def test_a_contrary_caption_differs_in_one_telling_word():
    rng = np.random.default_rng(0)
    made = {contrary("two cats on a light blue background", rng) for _ in range(60)} - {""}
    assert len(made) > 10
    for caption in made:
        # Either the number or the colour is another one, and the rest is as it was.
        assert ("two cats" in caption) != ("light blue background" in caption), caption
        assert caption.endswith(" background")
        assert " cats on a " in caption
    assert contrary("a cat", rng) == ""


def test_every_code_is_used_and_few_cells_are_refused():
    vectors = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32)
    centres = find_centres(vectors, np.ones(500, np.float32), 20, seed=0)
    distances = np.square(vectors[:, None] - centres).sum(-1)
    assert len(np.unique(distances.argmin(1))) == 20
    assert distances.min(1).mean() < 0.5 * np.square(vectors).sum(1).mean()
    with pytest.raises(ValueError, match="500 different cells for 600 codes; show more pictures"):
        find_centres(vectors, np.ones(500, np.float32), 600, seed=0)


def test_the_learning_rate_rises_stays_and_falls():
    rate = learning_rate(1.0, warmup=10, steps=100, cooldown=0.2)
    assert rate(5) == pytest.approx(0.5)
    assert rate(10) == rate(79) == 1.0
    assert rate(90) < 0.6
    assert rate(100) == pytest.approx(0.02)
