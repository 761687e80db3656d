"""Arithmetic sampling: stated probabilities, even coverage, and independence of the batch mates."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.generation import sampling
from dalle.generation.arithmetic_sampling import (
    RESOLUTION,
    ArithmeticState,
    begin,
    sample_header,
)
from dalle.generation.sampling import SamplingParams, make_params
from dalle.models.image_tokenizer import NO_CODE, TokenLayout
from dalle.settings import GenerationSettings

sample = jax.jit(sampling.sample)
VOCABULARY = 300
PLACES = [250, 7, 99, 3]
ODDS = np.array([0.4, 0.3, 0.2, 0.1])
BLANK = 7
LAYOUT = TokenLayout(overview=2, blank=BLANK)
LOOK, IN_OVERVIEW, AT_PART = 0, 1, 2


def rows_with(candidates: int, seed: int = 1, **knobs: float) -> SamplingParams:
    return make_params(GenerationSettings(**knobs), seed, range(candidates))


def logits_of(candidates: int) -> np.ndarray:
    """Four codes with the probabilities above."""
    logits = np.full((candidates, VOCABULARY), -40.0, np.float32)
    logits[:, PLACES] = np.log(ODDS)
    return logits


@partial(jax.jit, static_argnames="layout")
def sample_one(
    logits: jax.Array,
    params: SamplingParams,
    state: ArithmeticState,
    position: int,
    layout: TokenLayout = LAYOUT,
    prompted: jax.Array | None = None,
) -> tuple[jax.Array, ArithmeticState]:
    later = jnp.full(len(logits), -5, jnp.int32)
    prompted = logits if prompted is None else prompted
    free = jnp.full(len(logits), NO_CODE, jnp.int32)
    return sample_header(logits, prompted, later, free, params, state, layout, position)


def first_tokens(params: SamplingParams, position: int, layout: TokenLayout = LAYOUT) -> np.ndarray:
    logits = logits_of(len(params.points))
    return np.asarray(sample_one(logits, params, begin(params, layout), position, layout)[0])


def squared(probs: np.ndarray) -> np.ndarray:
    return probs**2 / (probs**2).sum()


def evened(probs: list[float]) -> np.ndarray:
    roots = np.sqrt(probs)
    return roots / roots.sum()


COOLED = squared(np.array([0.4, 0, 0.2, 0.1]))


@pytest.mark.parametrize(
    ("position", "knobs", "expected"),
    [
        (LOOK, {}, ODDS),
        (IN_OVERVIEW, {}, evened(ODDS)),
        (IN_OVERVIEW, {"temperature": 0.5}, evened(ODDS)),
        (IN_OVERVIEW, {"temperature": 2}, evened(ODDS**0.5)),
        (IN_OVERVIEW, {"top_k": 2}, evened([4, 3, 0, 0])),
        (IN_OVERVIEW, {"top_p": 0.75}, evened([4, 3, 2, 0])),
        (IN_OVERVIEW, {"top_k": 0}, evened(ODDS)),
        (IN_OVERVIEW, {"temperature": 0}, [1, 0, 0, 0]),
        (AT_PART, {}, ODDS),
        (AT_PART, {"temperature": 0.5}, 0.7 * COOLED + [0, 0.3, 0, 0]),
        (AT_PART, {"temperature": 0.5, "top_k": 2}, [0.7, 0.3, 0, 0]),
        (AT_PART, {"temperature": 1e-30}, [0.7, 0.3, 0, 0]),
        (AT_PART, {"temperature": 0}, [1, 0, 0, 0]),
    ],
    ids=str,
)
def test_tokens_come_with_their_odds(position: int, knobs: dict, expected: list[float]) -> None:
    candidates = 2000
    tokens = first_tokens(rows_with(candidates, **knobs), position)
    shares = [(tokens == place).mean() for place in PLACES]
    # Points so even are off by a few of them; independent draws would be by 20, often.
    np.testing.assert_allclose(shares, expected, atol=5 / candidates)


@pytest.mark.parametrize(
    ("position", "probs", "expected"),
    [
        (IN_OVERVIEW, [0.5, 0.4, 0.06, 0.04], evened([0.5, 0.4, 0.06, 0])),
        (LOOK, [0.8, 0.15, 0.047, 0.003], np.array([0.8, 0.15, 0.047, 0]) / 0.997),
    ],
)
def test_what_is_unlikely_for_the_whole_picture_is_not_sampled(
    position: int, probs: list[float], expected: np.ndarray
) -> None:
    logits = logits_of(2000)
    logits[:, PLACES] = np.log(probs)
    params = rows_with(2000)
    tokens = np.asarray(sample_one(logits, params, begin(params, LAYOUT), position)[0])
    shares = [(tokens == place).mean() for place in PLACES]
    np.testing.assert_allclose(shares, expected, atol=5 / 2000)


def test_guidance_says_what_begins_and_not_where() -> None:
    candidates = 2000
    params = rows_with(candidates)
    guided = logits_of(candidates)
    guided[:, BLANK] += 3
    sampled = sample_one(
        guided, params, begin(params, LAYOUT), AT_PART, prompted=logits_of(candidates)
    )
    shares = [(sampled[0] == place).mean() for place in PLACES]
    np.testing.assert_allclose(shares, ODDS, atol=5 / candidates)


def test_a_blank_that_is_all_there_may_be() -> None:
    logits = logits_of(16)
    logits[:, BLANK] = 0
    params = rows_with(16, top_k=1, temperature=0.4)
    tokens, after = sample_one(logits, params, begin(params, LAYOUT), AT_PART)
    assert (tokens == BLANK).all()
    assert not after.ended.any()
    assert jnp.isfinite(after.points).all()


def test_few_candidates_open_in_more_ways_than_by_independent_samples() -> None:
    """Sixteen equally likely pairs of tokens: sixteen candidates draw nearly all of them."""
    logits = np.full((16, VOCABULARY), -40.0, np.float32)
    logits[:, PLACES] = 0
    independent, even = [], []
    for seed in range(20):
        params = rows_with(16, seed)
        state = begin(params, LAYOUT)
        first, state = sample_one(logits, params, state, 0)
        second, state = sample_one(logits, params, state, 1)
        even.append(different(first, second))
        independent.append(different(*(sample(logits, params, position) for position in (0, 1))))
    assert np.mean(independent) < 12  # 16 * (1 - (15 / 16)**16) = 10.3 is expected
    assert np.mean(even) > 13


def different(first: jax.Array, second: jax.Array) -> int:
    return len(np.unique(np.stack([first, second]), axis=1).T)


def test_points_of_any_number_of_candidates_are_even() -> None:
    for candidates in (9, 16, 64, 5000):
        points = np.sort(rows_with(candidates).points)
        gaps = np.diff(points, append=points[0] + 1)
        # The three-distance theorem: the widest is at most 1 + 0.618 golden steps.
        assert gaps.max() < 2 / candidates
        assert gaps.min() > 0.3 / candidates
    assert not np.allclose(rows_with(16).points, rows_with(16, seed=2).points, atol=0.01)


def test_a_point_never_runs_out_of_bits() -> None:
    """68 tokens of two bits each; the point of the start has twenty-four."""
    candidates, length = 512, 68
    logits = np.full((candidates, VOCABULARY), -40.0, np.float32)
    logits[:, PLACES] = 0
    params = rows_with(candidates)
    layout = TokenLayout(overview=length)
    state, sampled = begin(params, layout), []
    for position in range(length):
        tokens, state = sample_one(logits, params, state, position, layout)
        assert ((state.points >= 0) & (state.points < 1)).all()
        sampled.append(np.asarray(tokens))
    codes = np.stack(sampled)
    shares = np.stack([(codes == place).mean(1) for place in PLACES])
    # Five standard deviations of a frequency of one in four.
    np.testing.assert_allclose(shares, 0.25, atol=5 * (0.25 * 0.75 / candidates) ** 0.5)
    assert len(np.unique(codes[:20], axis=1).T) == candidates
    assert len(np.unique(codes[-20:], axis=1).T) == candidates, "late tokens repeat one another"


def test_blanks_hardly_take_from_a_point() -> None:
    """After sixty nearly certain blanks the rest of the tokens are as even as before them."""
    candidates = 2000
    blank = np.full((candidates, VOCABULARY), -40.0, np.float32)
    blank[:, BLANK] = 0
    params = rows_with(candidates)
    state = begin(params, LAYOUT)
    for position in range(2, 62):
        tokens, state = sample_one(blank, params, state, position)
        assert (tokens == BLANK).all()
    np.testing.assert_allclose(state.points, params.points, atol=60 * 2 * RESOLUTION)
    tokens, state = sample_one(logits_of(candidates), params, state, 62)
    shares = [(tokens == place).mean() for place in PLACES]
    np.testing.assert_allclose(shares, ODDS, atol=5 / candidates)
    assert (state.ended == (tokens != BLANK)).all()


def test_the_first_thing_ends_the_opening() -> None:
    params = rows_with(16)
    tokens, state = sample_one(logits_of(16), params, begin(params, LAYOUT), 1)
    assert not state.ended.any()  # of the overview no code does
    tokens, state = sample_one(logits_of(16), params, state, 2)
    assert (state.ended == (tokens != BLANK)).all()
    assert 0 < state.ended.sum() < 16
    later, _ = sample_one(logits_of(16), params, state, 3)
    assert ((later == -5) == state.ended).all()


def test_a_rows_opening_does_not_depend_on_the_others() -> None:
    logits = 3 * jax.random.normal(jax.random.key(0), (6, VOCABULARY))
    kinds = [{}, {"top_k": 0}, {"top_p": 0.8}, {"temperature": 3}, {"temperature": 0}, {"top_k": 5}]
    alone = [
        make_params(GenerationSettings(**knobs), n, range(n, n + 1))
        for n, knobs in enumerate(kinds)
    ]
    together = jax.tree.map(lambda *parts: jnp.concatenate(parts), *alone)
    for position in (IN_OVERVIEW, AT_PART):
        tokens, after = sample_one(logits, together, begin(together, LAYOUT), position)
        for n, row in enumerate(alone):
            token, point = sample_one(logits[n : n + 1], row, begin(row, LAYOUT), position)
            assert token[0] == tokens[n]
            assert point.points[0] == after.points[n]


def test_no_numbers_stay_in_their_row() -> None:
    params, logits = rows_with(16), logits_of(16)
    expected, _ = sample_one(logits, params, begin(params, LAYOUT), AT_PART)
    logits[3] = np.nan
    tokens, _ = sample_one(logits, params, begin(params, LAYOUT), AT_PART)
    others = np.arange(16) != 3
    assert (tokens[others] == expected[others]).all()
    assert 0 <= tokens[3] < VOCABULARY


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="how XLA:CPU compiles lax.top_k")
def test_the_codes_are_ranked_once() -> None:
    """The opening's top-k is that of every other token: one custom call serves both."""

    @jax.jit
    def both(
        logits: jax.Array, params: SamplingParams, state: ArithmeticState
    ) -> tuple[jax.Array, ArithmeticState]:
        later = sampling.sample(logits, params, 0)
        free = jnp.full(len(logits), NO_CODE, jnp.int32)
        return sample_header(logits, logits, later, free, params, state, LAYOUT, 0)

    params = rows_with(16)
    lowered = both.lower(jnp.zeros((16, 4096)), params, begin(params, LAYOUT))
    compiled = lowered.compile().as_text()
    assert compiled.count('custom_call_target="TopK"') == 1
