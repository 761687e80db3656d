"""The token loop: over a decoder whose logits are "token + 1", and over a real one."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from dalle.generation import loop
from dalle.generation.arithmetic_sampling import begin
from dalle.generation.loop import chunk_ends, generate_tokens
from dalle.generation.pipeline import Pipeline
from dalle.generation.sampling import SamplingParams, make_params
from dalle.models.bart.config import BartConfig
from dalle.models.bart.kv_cache import Cache
from dalle.models.bart.network import BartNetwork
from dalle.models.image_tokenizer import NO_CODE, NO_HEADER, TokenLayout
from dalle.settings import GenerationSettings
from dalle.training.bart import shifted
from tests.generation.conftest import bart_params

KNOWN = 60  # codes of the tiny image tokenizer; the tiny BART names 64 and a start token


@struct.dataclass
class CountingWeights:
    """Weights of a decoder that counts."""

    config: BartConfig = struct.field(pytree_node=False)
    kernel_dtype = jnp.float32


@pytest.fixture
def counting_weights(bart_config: BartConfig, monkeypatch: pytest.MonkeyPatch) -> CountingWeights:
    def step(
        weights: CountingWeights, cache: Cache, cross: jax.Array, tokens: jax.Array, position: int
    ) -> tuple[jax.Array, Cache]:
        codes = weights.config.output_vocab_size
        following = (tokens + 1) % codes  # after the start token, the last one, comes 0
        return 100 * jax.nn.one_hot(following, codes), cache

    monkeypatch.setattr(loop, "step", step)
    monkeypatch.setattr(loop, "cross_attention_cache", lambda weights, memory, mask: mask)
    return CountingWeights(bart_config)


def rows_with(seed: int = 1, **knobs: float) -> SamplingParams:
    """Candidates 0 to 15: one shape for most tests, so that it is compiled once."""
    return make_params(GenerationSettings(**knobs), seed, range(16))


def read(pipeline: Pipeline, *prompts: str) -> tuple[jax.Array, np.ndarray]:
    tokens = pipeline.tokenizer(prompts)
    return pipeline.encoder.encode(tokens.input_ids, tokens.attention_mask), tokens.attention_mask


def sample_codes(
    pipeline: Pipeline, params: SamplingParams, *prompts: str, layout: TokenLayout = NO_HEADER
) -> np.ndarray:
    memory, mask = read(pipeline, *(prompts or ("a red apple", "")))
    *_, (codes, _) = generate_tokens(pipeline.weights, memory, mask, params, KNOWN, layout)
    return codes


def test_it_counts(counting_weights: CountingWeights) -> None:
    params = rows_with(condition_scale=1)
    prompts = jnp.zeros((2, 1, 1)), jnp.ones((2, 1))
    frames = [codes for codes, _ in generate_tokens(counting_weights, *prompts, params, 64)]
    assert [frame.shape for frame in frames] == [(16, 5), (16, 10), (16, 15), (16, 20)]
    assert (frames[-1] == np.arange(20)).all()
    assert all((frame == frames[-1][:, : frame.shape[1]]).all() for frame in frames)


def test_the_odds_are_those_of_the_plain_network(pipeline: Pipeline, bart_config) -> None:
    """Teacher-forced, with the prompt alone, among the known codes: whatever draws and guides."""
    memory, mask = read(pipeline, "a red apple", "")
    params = rows_with(temperature=0.5, top_k=3, condition_scale=4)
    *_, (codes, probs) = generate_tokens(pipeline.weights, memory, mask, params, KNOWN)

    tokens = pipeline.tokenizer(["a red apple"] * len(codes))
    read_before = shifted(codes, bart_config.decoder_start_token_id)
    logits = BartNetwork(bart_config, jnp.float32).apply(
        {"params": bart_params(bart_config)}, tokens.input_ids, tokens.attention_mask, read_before
    )
    expected = np.asarray(jax.nn.log_softmax(logits[..., :KNOWN]))
    expected = np.take_along_axis(expected, codes[..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(probs, expected, atol=1e-3)


def test_unknown_codes_are_never_sampled(counting_weights: CountingWeights) -> None:
    params = rows_with(temperature=0, condition_scale=1)
    *_, (codes, _) = generate_tokens(
        counting_weights, jnp.zeros((2, 1, 1)), jnp.ones((2, 1)), params, 7
    )
    # 7 is what should follow 6; only 0 to 6 have pictures, and all of them are equally far off.
    assert codes.tolist() == [[position % 7 for position in range(20)]] * 16


@pytest.mark.parametrize("top_k", [0, 8])
def test_every_code_is_of_its_place(pipeline: Pipeline, top_k: int) -> None:
    params = rows_with(temperature=10, top_k=top_k)
    layout = TokenLayout(overview=3, cells=40, blank=5)
    codes = sample_codes(pipeline, params, layout=layout)
    assert (codes[:, :3] >= 40).all()
    assert (codes[:, 3:] < 40).all()
    assert codes.max() < KNOWN


def test_only_known_codes(pipeline: Pipeline) -> None:
    codes = sample_codes(pipeline, rows_with(temperature=10, condition_scale=0))
    assert pipeline.weights.config.output_vocab_size > KNOWN
    assert set(np.unique(codes)) == set(range(KNOWN))


@pytest.mark.parametrize(
    ("length", "ends"),
    [(256, [64, 128, 192, 256]), (144, [36, 72, 108, 144]), (6, [2, 3, 5, 6]), (2, [1, 2])],
)
def test_chunks_end_where_a_quarter_is_sampled(length: int, ends: list[int]) -> None:
    assert chunk_ends(length) == ends


def test_any_length_is_sampled(counting_weights: CountingWeights) -> None:
    config = dataclasses.replace(counting_weights.config, image_length=7)
    params = rows_with(condition_scale=1)
    *_, (codes, _) = generate_tokens(
        CountingWeights(config), jnp.zeros((2, 1, 1)), jnp.ones((2, 1)), params, 64
    )
    assert (codes == np.arange(7)).all()


@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_top_1_is_greedy(pipeline: Pipeline, scale: float) -> None:
    bart = pipeline.encoder
    tokens = pipeline.tokenizer(["a red apple", ""])
    ids = np.full((2, 21), bart.config.decoder_start_token_id)
    for position in range(20):
        logits = bart.logits(tokens.input_ids, tokens.attention_mask, ids[:, :20])[:, position]
        guided = logits[1] + scale * (logits[0] - logits[1])
        ids[:, position + 1] = guided[:KNOWN].argmax()
    for knobs in ({"temperature": 0}, {"top_k": 1}):
        codes = sample_codes(pipeline, rows_with(condition_scale=scale, **knobs))
        assert (codes == ids[0, 1:]).all()


def test_condition_scale_1_is_no_guidance(pipeline: Pipeline) -> None:
    params = rows_with(condition_scale=1)
    codes = sample_codes(pipeline, params, "a red apple", "")
    assert (codes == sample_codes(pipeline, params, "a red apple", "a red apple")).all()


def test_the_same_seed_samples_the_same_and_another_does_not(pipeline: Pipeline) -> None:
    codes = sample_codes(pipeline, rows_with())
    assert (codes == sample_codes(pipeline, rows_with())).all()
    assert (codes != sample_codes(pipeline, rows_with(seed=2))).any(axis=1).all()


def test_candidates_differ(pipeline: Pipeline) -> None:
    assert len(np.unique(sample_codes(pipeline, rows_with()), axis=0)) == 16


def test_the_opening_ends_with_the_first_code_that_is_not_blank(pipeline: Pipeline) -> None:
    """After the same opening the rows go on as they would without one."""
    params, layout = rows_with(), TokenLayout(overview=3, blank=5)
    codes = sample_codes(pipeline, params, layout=layout)
    assert (codes != sample_codes(pipeline, params)).any()
    first = 3 + (codes[:, 3:] != layout.blank).argmax(1)
    other = params.replace(keys=rows_with(seed=2).keys)  # other noise; the same points
    others = sample_codes(pipeline, other, layout=layout)
    for row, end in enumerate(first):
        assert (codes[row, : end + 1] == others[row, : end + 1]).all()
        assert (codes[row, end + 1 :] != others[row, end + 1 :]).any()


def test_the_overview_is_not_cooled(pipeline: Pipeline) -> None:
    cool, warm = rows_with(temperature=0.01), rows_with(temperature=1)
    layout = TokenLayout(overview=3)
    codes = sample_codes(pipeline, cool, layout=layout)
    assert (codes[:, :3] == sample_codes(pipeline, warm, layout=layout)[:, :3]).all()
    assert (codes[:, 3:] != sample_codes(pipeline, warm, layout=layout)[:, 3:]).any()
    cooled = sample_codes(pipeline, cool)
    assert len(np.unique(codes[:, :3], axis=0)) > len(np.unique(cooled[:, :3], axis=0))


def test_an_overview_may_be_the_likeliest(pipeline: Pipeline) -> None:
    params = rows_with(temperature=0)
    assert (
        sample_codes(pipeline, params, layout=TokenLayout(overview=3))
        == sample_codes(pipeline, params)
    ).all()


def test_an_opening_may_go_on_over_the_ends_of_chunks(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = TokenLayout(overview=7, blank=5)  # the first chunk ends after five codes
    codes = sample_codes(pipeline, rows_with(), layout=layout)
    monkeypatch.setattr(loop, "CHUNKS", 1)
    assert (codes == sample_codes(pipeline, rows_with(), layout=layout)).all()


def test_an_opening_compiles_one_program(pipeline: Pipeline, count_compilations) -> None:
    with count_compilations() as compiled:
        sample_codes(pipeline, rows_with(seed=3), layout=TokenLayout(overview=2, blank=6))
        sample_codes(
            pipeline, rows_with(seed=4, temperature=0.5), layout=TokenLayout(overview=2, blank=6)
        )
    assert sum("decode_chunk" in name for name in compiled) == 1, compiled


def test_a_candidate_is_the_same_among_strangers(pipeline: Pipeline) -> None:
    strangers = rows_with(seed=99, top_k=0, top_p=0.5, temperature=2, condition_scale=3)
    mixed = jax.tree.map(
        lambda mine, other: jnp.concatenate([other[:11], mine[7:8], other[12:]]),
        rows_with(),
        strangers,
    )
    assert (sample_codes(pipeline, mixed)[11] == sample_codes(pipeline, rows_with())[7]).all()


def test_two_prompts_share_a_batch(pipeline: Pipeline) -> None:
    params = jax.tree.map(lambda part: jnp.concatenate([part[:8], part[:8]]), rows_with())
    together = sample_codes(pipeline, params, "a red apple", "two dogs", "", "")
    assert (together[:8] == sample_codes(pipeline, params, "a red apple", "")[:8]).all()
    assert (together[8:] == sample_codes(pipeline, params, "two dogs", "")[8:]).all()


def test_stopping_leaves_the_other_chunks_unsampled(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    real = loop.decode_chunk

    def counted(*arguments: object, **named: int) -> tuple:
        calls.append((int(named["start"]), named["count"]))
        return real(*arguments, **named)

    monkeypatch.setattr(loop, "decode_chunk", counted)
    memory, mask = read(pipeline, "a red apple", "")
    frames = generate_tokens(pipeline.weights, memory, mask, rows_with(), KNOWN)
    next(frames)
    next(frames)
    frames.close()
    assert calls == [(0, 5), (5, 5)]


def test_the_cache_is_donated(pipeline: Pipeline) -> None:
    weights = pipeline.weights
    cross = loop.cross_attention_cache(weights, *read(pipeline, "a red apple", ""))
    tokens = jnp.full(32, weights.config.decoder_start_token_id, jnp.int32)
    cache = loop.empty_cache(weights.config, 32, 4)
    params, layout = rows_with(), NO_HEADER
    state = begin(params, layout)
    loop.decode_chunk(
        weights, cross, params, tokens, cache, state, np.full((16, 4), NO_CODE, np.int32),
        start=0, count=4, known=KNOWN, layout=layout,
    )  # fmt: skip
    assert all(array.is_deleted() for array in jax.tree.leaves((cache, tokens)))
