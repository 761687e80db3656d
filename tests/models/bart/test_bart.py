"""BART against reference values of the original implementation, and against itself."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict

from dalle.errors import CheckpointError
from dalle.models import load_bart
from dalle.models.bart.config import BartConfig
from dalle.models.bart.decoding import cross_attention_cache, prepare, step
from dalle.models.bart.kv_cache import empty_cache, grow

FIXTURES = Path(__file__).parents[2] / "fixtures"
FOLDERS = ("dalle-bart-tiny", "dalle-bart-tiny-unstacked")
TOLERANCE = 1e-4  # float32 sums in another order; the largest logit is about 30


@pytest.fixture(scope="module", params=FOLDERS)
def reference(request):
    folder = FIXTURES / request.param
    return load_bart(folder), np.load(folder / "expected.npz")


def test_encoder_matches_the_original(reference):
    bart, expected = reference
    memory = bart.encode(expected["input_ids"], expected["attention_mask"])
    np.testing.assert_allclose(memory, expected["encoder_last_hidden_state"], atol=TOLERANCE)


@pytest.mark.parametrize("suffix", ["", "_uncond"])
def test_logits_match_the_original(reference, suffix):
    bart, expected = reference
    prompt = expected[f"input_ids{suffix}"], expected[f"attention_mask{suffix}"]
    logits = bart.logits(*prompt, expected["decoder_input_ids"])
    np.testing.assert_allclose(logits, expected[f"logits{suffix}"], atol=TOLERANCE)


def test_greedy_tokens_match_the_original(reference):
    bart, expected = reference
    tokens = bart.greedy(expected["input_ids"], expected["attention_mask"])
    np.testing.assert_array_equal(tokens, expected["greedy_tokens"])


def test_super_conditioned_greedy_tokens_match_the_original(reference):
    bart, expected = reference
    tokens = bart.greedy(
        expected["input_ids"],
        expected["attention_mask"],
        condition_scale=float(expected["condition_scale"]),
        input_ids_uncond=expected["input_ids_uncond"],
        attention_mask_uncond=expected["attention_mask_uncond"],
    )
    np.testing.assert_array_equal(tokens, expected["greedy_tokens_super_conditioned"])


def test_guidance_without_an_unconditional_prompt_is_refused(reference):
    bart, expected = reference
    with pytest.raises(ValueError, match=r"condition_scale is 3\.0, but no unconditional prompt"):
        bart.greedy(expected["input_ids"], expected["attention_mask"], condition_scale=3.0)


def test_step_through_a_growing_cache_equals_the_full_forward(reference):
    bart, expected = reference
    tokens = jnp.asarray(expected["decoder_input_ids"])
    mask = expected["attention_mask"]
    full = bart.logits(expected["input_ids"], mask, tokens)
    weights = prepare(bart.params, bart.config, jnp.float32)
    memory = bart.encode(expected["input_ids"], mask)
    cross = cross_attention_cache(weights, memory, mask)
    cache = empty_cache(bart.config, len(tokens), 4)
    for position in range(tokens.shape[1]):
        if position and position % 4 == 0:
            shorter, cache = cache, grow(cache, position + 4)
            assert all(array.is_deleted() for array in jax.tree.leaves(shorter))
        logits, cache = step(weights, cache, cross, tokens[:, position], jnp.int32(position))
        np.testing.assert_allclose(logits, full[:, position], atol=TOLERANCE)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16, jnp.float16, jnp.int8])
def test_donated_kernels_are_there_once(dtype):
    bart = load_bart(FIXTURES / FOLDERS[0])
    params, copies = bart.params, jax.tree.map(jnp.copy, bart.params)
    kept = prepare(params, bart.config, dtype)
    donated = prepare(copies, bart.config, dtype, donate=True)
    jax.tree.map(np.testing.assert_array_equal, kept.tree, donated.tree)
    assert not any(leaf.is_deleted() for leaf in jax.tree.leaves(params))
    for name, leaf in flatten_dict(copies).items():
        gone = name[-1] == "kernel" and "encoder" not in name
        assert leaf.is_deleted() == gone, name


def test_candidates_share_their_prompts_cross_attention(reference):
    bart, expected = reference
    weights = prepare(bart.params, bart.config, jnp.float32)
    mask = expected["attention_mask"]
    cross = cross_attention_cache(weights, bart.encode(expected["input_ids"], mask), mask)
    groups, candidates = len(mask), 2
    tokens = jnp.repeat(jnp.asarray(expected["decoder_input_ids"])[:, 0], candidates)
    cache = empty_cache(bart.config, groups * candidates, 4)
    logits, _ = step(weights, cache, cross, tokens, jnp.int32(0))
    by_group = logits.reshape(groups, candidates, -1)
    np.testing.assert_allclose(by_group[:, 0], by_group[:, 1], atol=1e-6)
    full = bart.logits(expected["input_ids"], mask, expected["decoder_input_ids"])
    np.testing.assert_allclose(by_group[:, 0], full[:, 0], atol=TOLERANCE)


def test_no_position_sees_a_later_token(reference):
    bart, expected = reference
    prompt = expected["input_ids"], expected["attention_mask"]
    tokens = expected["decoder_input_ids"]
    before = bart.logits(*prompt, tokens)
    # A copy: the first call may still be reading its array, in place.
    changed = tokens.copy()
    changed[:, 9] = (changed[:, 9] + 1) % bart.config.image_vocab_size
    after = bart.logits(*prompt, changed)
    # Not to the last bit: threads may share a float32 product differently from call to call.
    np.testing.assert_allclose(before[:, :9], after[:, :9], atol=1e-5)
    assert np.abs(before[:, 9:] - after[:, 9:]).max() > 1e-3


def test_padding_of_the_prompt_is_not_read(reference):
    bart, expected = reference
    ids, mask = expected["input_ids"], expected["attention_mask"]
    assert (mask == 0).any()
    before = bart.logits(ids, mask, expected["decoder_input_ids"])
    after = bart.logits(np.where(mask == 0, 7, ids), mask, expected["decoder_input_ids"])
    np.testing.assert_allclose(before, after, atol=1e-5)


# Random weights amplify rounding: 8 bits of mantissa, or 11, and three layers.
@pytest.mark.parametrize(("dtype", "mean"), [(jnp.bfloat16, 0.1), (jnp.float16, 0.1 / 8)])
def test_16_bits_stay_near_float32(dtype, mean):
    folder = FIXTURES / FOLDERS[0]
    expected = np.load(folder / "expected.npz")
    bart = load_bart(folder, dtype=dtype)
    inputs = (expected[name] for name in ("input_ids", "attention_mask", "decoder_input_ids"))
    error = np.abs(bart.logits(*inputs) - expected["logits"])
    assert error.mean() < mean
    assert error.max() > TOLERANCE  # else nothing was rounded


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("ln_positions", "preln"),
        ("ln_type", "rmsnorm"),
        ("use_glu", False),
        ("use_alibi", True),
        ("use_cosine_attention", True),
        ("use_deepnet_scaling", True),
        ("use_head_scale", True),
        ("use_swin_position_embeddings", True),
        ("sinkhorn_iters", 2),
        ("tie_word_embeddings", True),
        ("activation_function", "relu"),
        ("use_absolute_position_embeddings", False),
    ],
)
def test_an_option_of_no_published_model_is_refused_by_name(option, value):
    published = json.loads((FIXTURES / FOLDERS[0] / "config.json").read_text())
    with pytest.raises(CheckpointError, match=f"sets {option} to {value!r}; only"):
        BartConfig.from_json(published | {option: value})


def test_a_config_without_a_size_is_refused_by_name():
    published = json.loads((FIXTURES / FOLDERS[0] / "config.json").read_text())
    del published["decoder_layers"]
    with pytest.raises(CheckpointError, match="lacks decoder_layers"):
        BartConfig.from_json(published)


@pytest.mark.parametrize(
    ("name", "value", "limit"),
    [("decoder_layers", 10**9, 200), ("d_model", -1, 1_000_000), ("d_model", "1024", 1_000_000)],
)
def test_an_impossible_size_is_refused_before_anything_is_built(name, value, limit):
    published = json.loads((FIXTURES / FOLDERS[0] / "config.json").read_text())
    message = f"sets {name} to {value!r}; it must be a whole number from 1 to {limit}"
    with pytest.raises(CheckpointError, match=message):
        BartConfig.from_json(published | {name: value})


def test_the_written_config_reads_back():
    published = json.loads((FIXTURES / FOLDERS[0] / "config.json").read_text())
    config = BartConfig.from_json(published)
    assert BartConfig.from_json(config.to_json()) == config


def test_the_same_shapes_compile_once(reference):
    bart, expected = reference
    weights = prepare(bart.params, bart.config, jnp.float32)
    bart.encode(expected["input_ids"], expected["attention_mask"])
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, *_args, **_kwargs: compiled.append(event)
    )
    try:
        memory = bart.encode(expected["input_ids_uncond"], expected["attention_mask_uncond"])
        assert not [event for event in compiled if "compile" in event]
        cross_attention_cache(weights, memory, expected["attention_mask_uncond"])
    finally:
        jax.monitoring.clear_event_listeners()
