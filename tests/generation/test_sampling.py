"""From logits to a token: stated probabilities, and independence of the batch mates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.generation import sampling
from dalle.generation.sampling import SamplingParams, gumbel, make_params, super_condition
from dalle.settings import GenerationSettings

VOCABULARY = 300  # more than the largest top_k, so that both ways of drawing are taken
sample = jax.jit(sampling.sample)
PROBABILITIES = np.array([0.4, 0.3, 0.2, 0.1])


def rows_with(candidates: range, seed: int = 1, **knobs: float) -> SamplingParams:
    return make_params(GenerationSettings(**knobs), seed, candidates)


def join(*params: SamplingParams) -> SamplingParams:
    return jax.tree.map(lambda *parts: jnp.concatenate(parts), *params)


@pytest.fixture
def logits() -> jax.Array:
    return 3 * jax.random.normal(jax.random.key(0), (6, VOCABULARY))


@pytest.mark.parametrize(
    ("knobs", "expected"),
    [
        ({}, PROBABILITIES),
        ({"top_k": 0}, PROBABILITIES),
        ({"top_k": 2}, [4 / 7, 3 / 7, 0, 0]),
        ({"top_k": 3, "top_p": 0.5}, [4 / 7, 3 / 7, 0, 0]),
        ({"top_k": 0, "top_p": 0.75}, [4 / 9, 3 / 9, 2 / 9, 0]),
        ({"temperature": 0.5}, PROBABILITIES**2 / (PROBABILITIES**2).sum()),
        ({"temperature": 2, "top_k": 0}, PROBABILITIES**0.5 / (PROBABILITIES**0.5).sum()),
        ({"temperature": 0}, [1, 0, 0, 0]),
        ({"temperature": 0, "top_k": 0}, [1, 0, 0, 0]),
        ({"top_k": 1}, [1, 0, 0, 0]),
        ({"top_p": 0.01}, [1, 0, 0, 0]),
    ],
    ids=str,
)
def test_tokens_come_with_their_probabilities(knobs: dict, expected: list[float]) -> None:
    trials = 4000
    logits = np.full((trials, VOCABULARY), -40.0, np.float32)
    places = [250, 7, 99, 3]
    logits[:, places] = np.log(PROBABILITIES)
    tokens = sample(logits, rows_with(range(trials), **knobs), 0)
    frequencies = [(tokens == place).mean() for place in places]
    # Four standard deviations of a frequency near one half.
    np.testing.assert_allclose(frequencies, expected, atol=4 * 0.5 / trials**0.5)


def test_one_candidate_has_fresh_noise_at_every_position() -> None:
    logits = np.zeros((1, VOCABULARY), np.float32)
    params = rows_with(range(1), top_k=0)
    tokens = [int(sample(logits, params, position)[0]) for position in range(3000)]
    # Even probabilities: each of the codes about ten times.
    assert set(tokens) == set(range(VOCABULARY))
    assert np.bincount(tokens).max() < 30


def test_the_noise_is_gumbel_and_belongs_to_the_code() -> None:
    keys = rows_with(range(16)).keys
    codes = jnp.broadcast_to(jnp.arange(4096), (16, 4096))
    noise = gumbel(keys, codes)
    assert abs(noise.mean() - np.euler_gamma) < 0.02
    assert abs(noise.std() - np.pi / 6**0.5) < 0.02
    assert (gumbel(keys, codes[:, ::-1]) == noise[:, ::-1]).all()
    assert (gumbel(keys[3:4], codes[:1, 70:80]) == noise[3:4, 70:80]).all()


def test_no_temperature_is_the_likeliest_code(logits: jax.Array) -> None:
    greedy = sample(logits, rows_with(range(6), temperature=0), 0)
    assert (greedy == logits.argmax(1)).all()
    assert (sample(logits, rows_with(range(6), top_k=1), 0) == greedy).all()
    assert (sample(logits, rows_with(range(6), temperature=1e-38), 0) == greedy).all()


def test_top_k_of_all_codes_is_no_top_k() -> None:
    logits = 3 * jax.random.normal(jax.random.key(0), (64, 200))
    limited = sample(logits, rows_with(range(64), top_k=200), 5)
    assert (limited == sample(logits, rows_with(range(64), top_k=0), 5)).all()


def test_a_rows_token_does_not_depend_on_the_others(logits: jax.Array) -> None:
    kinds = [
        {},
        {"top_k": 0},
        {"top_k": 0, "top_p": 0.8},
        {"top_k": 5, "temperature": 3},
        {"temperature": 0},
        {"top_p": 0.3},
    ]
    alone = [rows_with(range(n, n + 1), seed=n, **knobs) for n, knobs in enumerate(kinds)]
    together = sample(logits, join(*alone), 9)
    for n, row in enumerate(alone):
        assert sample(logits[n : n + 1], row, 9)[0] == together[n]


def test_seed_candidate_and_position_decide_the_token() -> None:
    logits = np.zeros((1, VOCABULARY), np.float32)

    def token(seed: int, candidate: int, position: int) -> int:
        params = rows_with(range(candidate, candidate + 1), seed)
        return int(sample(logits, params, position)[0])

    assert token(2**32 - 1, 63, 255) == token(2**32 - 1, 63, 255)
    others = [(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2), (0, 1, 1), (2**32 - 1, 1, 1)]
    assert len({token(*other) for other in others}) == len(others)


def test_guidance_pulls_away_from_the_unconditional_row() -> None:
    conditional, unconditional = jnp.array([[1.0, 2.0]]), jnp.array([[0.5, 3.0]])
    both = jnp.concatenate([conditional, unconditional])
    np.testing.assert_allclose(super_condition(both, jnp.array([1.0])), conditional)
    np.testing.assert_allclose(super_condition(both, jnp.array([0.0])), unconditional)
    np.testing.assert_allclose(super_condition(both, jnp.array([10.0])), [[5.5, -7.0]])


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="how XLA:CPU compiles lax.top_k")
def test_the_usual_way_does_not_sort_the_vocabulary() -> None:
    logits = jnp.zeros((16, 4096))
    usual = sample.lower(logits, rows_with(range(16)), 0).compile().as_text()
    # One partial sort; the one full sort is that of the branch for top_p without top_k.
    assert usual.count('custom_call_target="TopK"') == 1
    assert usual.count(" sort(") == 1
