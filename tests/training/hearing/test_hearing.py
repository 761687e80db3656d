"""The encoder learns to hear everyday words as plain ones, and the decoder stays what it was."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict

from dalle.models.bart.network import BartNetwork
from dalle.models.clip.config import ClipConfig
from dalle.models.clip.network import ClipModule
from dalle.text import ClipTokenizer, PromptTokenizer
from dalle.training import bart, nano
from dalle.training.data import SceneExamples
from dalle.training.hearing import bart as hearing
from dalle.training.hearing import clip as clip_hearing
from tests.training.conftest import lesson, losses
from tests.training.test_training import BART, CLIP, text  # noqa: F401


@pytest.fixture
def tokenize(text):  # noqa: F811
    return PromptTokenizer.from_folder(text / "bart", BART.max_text_length)


@pytest.fixture
def taught():
    params = bart.first_params(BartNetwork(BART), 0)
    # As after a training, what the layers read makes a difference.
    return jax.tree.map(lambda leaf: leaf + 0.05 * jnp.sign(leaf), params)


def test_what_the_decoder_asks_is_collected_at_every_position(taught, tokenize):
    ids, mask = bart.texts(tokenize(["a cat", "two dogs on a red background"]))
    codes = jnp.zeros((2, BART.image_length), jnp.int32)
    asked = hearing.collect_questions(BartNetwork(BART), taught, ids, mask, codes)
    assert asked.shape == (BART.decoder_layers, 2, BART.image_length, BART.d_model)
    picked = hearing.Questions(asked).pick(np.random.default_rng(0))
    assert picked.shape == (BART.decoder_layers, sum(hearing.ASKED), BART.d_model)
    found = hearing.answers(BartNetwork(BART), taught, ids, mask, picked)
    assert hearing.mismatch(taught, BartNetwork(BART), ids, mask, picked, found) < 1e-6
    other = hearing.answers(BartNetwork(BART), taught, ids[::-1], mask[::-1], picked)
    assert hearing.mismatch(taught, BartNetwork(BART), ids, mask, picked, other) > 0.1


def test_everyday_words_come_to_be_heard_as_plain_ones(
    library, tokenizer, tokenize, taught, tmp_path
):
    examples = SceneExamples(library, "asked")
    state = hearing.train_hearing(
        tmp_path,
        BART,
        tokenizer,
        tokenize,
        lambda path, params: None,
        lesson(examples, 16, steps=300, peak=4e-4),
        taught,
    )
    seen = losses(tmp_path)
    assert seen[-1] < 0.95 * seen[0]
    before, after = (flatten_dict(params, sep="/") for params in (taught, state.params))
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed
    assert all("/encoder/" in name for name in changed)


def test_a_scene_is_told_in_the_plain_grammar_too(library):
    everyday, plain = SceneExamples(library, "asked"), SceneExamples(library, "full")
    assert plain.batch(0, 20).plain == plain.batch(0, 20).captions
    batch = everyday.batch(0, 200)
    other = [(a, b) for a, b in zip(batch.captions, batch.plain, strict=True) if a != b]
    assert 100 < len(other) < 160
    assert np.mean([len(a) for a, _ in other]) > 1.2 * np.mean([len(b) for _, b in other])


def test_the_text_tower_learns_them_without_pictures(library, text, tmp_path):  # noqa: F811
    config = ClipConfig.from_json(CLIP)
    tokenize = ClipTokenizer.from_folder(text / "clip", nano.TEXT_LENGTH)
    ids = jnp.zeros((1, nano.TEXT_LENGTH), jnp.int32)
    pixels = jnp.zeros((1, 96, 96, 3))
    taught = ClipModule(config).init(jax.random.key(0), pixels, ids, ids.astype(bool))["params"]
    state = clip_hearing.train_clip_hearing(
        tmp_path,
        config,
        tokenize,
        lesson(SceneExamples(library, "asked"), 16, steps=800, peak=1e-3),
        taught,
    )
    seen = losses(tmp_path)  # of batches of 16, which differ
    assert np.mean(seen[-8:]) < 0.9 * np.mean(seen[:8])
    before, after = (flatten_dict(params, sep="/") for params in (taught, state.params))
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("text_") for name in changed)
