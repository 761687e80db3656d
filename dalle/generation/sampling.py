"""From logits to a token: guidance, temperature, top-k, top-p, and noise that each code owns.

The noise of a code depends on seed, candidate, position and the code itself, and on nothing else:
fold_in(fold_in(fold_in(key(seed), candidate), position), code). So a row's token does not depend
on its batch mates, and a small change of the probabilities seldom changes the token.

Sources: super conditioning, twitter.com/RiversHaveWings/status/1478093658716966912;
the Gumbel-max trick, arxiv.org/abs/1411.0030; top-p, arxiv.org/abs/1904.09751.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jax import Array, lax, random

from dalle.settings import LIMITS, GenerationSettings

MAX_TOP_K = int(LIMITS["top_k"][1])
NO_CANDIDATE = 2**32 - 1
GOLDEN = 2654435769  # the golden ratio's fraction, 0.618..., times 2**32


@struct.dataclass
class SamplingParams:
    """The sampling parameters of each row; arrays, so that other values compile nothing."""

    keys: Array  # [N] random keys, one for each seed and candidate
    points: Array  # [N] float32 in [0, 1), those of a seed's candidates spread evenly
    condition_scale: Array  # [N] float32
    temperature: Array  # [N] float32, 0 = the likeliest code
    top_k: Array  # [N] int32, 0 = all codes
    top_p: Array  # [N] float32


@jax.jit
@jax.vmap
def _keys_and_points(seed: Array, candidate: Array) -> tuple[Array, Array]:
    """[N] uint32, [N] uint32 -> [N] keys, [N] points in [0, 1).

    However many candidates there are, steps of the golden ratio lay their points out evenly, from
    a place that is the seed's own: the additive recurrence of lowest discrepancy, Knuth, The Art of
    Computer Programming, volume 3, section 6.4.
    """
    # The generator is named, so that no machine's default changes a picture.
    seed_key = random.key(seed, impl="threefry2x32")
    key = random.fold_in(seed_key, candidate)
    first = random.key_data(random.fold_in(seed_key, np.uint32(NO_CANDIDATE)))[0]
    point = first + candidate * np.uint32(GOLDEN)  # of 2**32; the overflow is the fraction
    return key, (point >> 8).astype(jnp.float32) * 2**-24


def make_params(
    settings: GenerationSettings, seed: int, candidates: Sequence[int]
) -> SamplingParams:
    """One row for each candidate number, all with the same settings."""
    return stack_params([(settings, seed, number) for number in candidates])


def stack_params(each: Sequence[tuple[GenerationSettings, int, int]]) -> SamplingParams:
    """A row for each settings, seed and candidate number."""

    def told(name: str, dtype: type) -> np.ndarray:
        return np.array([getattr(settings, name) for settings, _, _ in each], dtype)

    seeds, candidates = (np.array([row[i] for row in each], np.uint32) for i in (1, 2))
    keys, points = _keys_and_points(seeds, candidates)
    return SamplingParams(
        keys=keys,
        points=points,
        condition_scale=told("condition_scale", np.float32),
        temperature=told("temperature", np.float32),
        top_k=told("top_k", np.int32),
        top_p=told("top_p", np.float32),
    )


def super_condition(logits: Array, condition_scale: Array) -> Array:
    """Super conditioning: rows with the prompt, then without it, [2N, V] and [N] -> [N, V]."""
    conditional, unconditional = jnp.split(logits, 2)
    return unconditional + condition_scale[:, None] * (conditional - unconditional)


def log_probs(logits: Array, tokens: Array) -> Array:
    """How likely the model held each row's token, in nats: [N, V], [N] -> [N]."""
    return jnp.take_along_axis(jax.nn.log_softmax(logits), tokens[:, None], axis=1)[:, 0]


def gumbel(keys: Array, codes: Array) -> Array:
    """Gumbel noise that belongs to each code: [N] keys, [N, M] codes -> [N, M]."""

    def bits(key: Array, code: Array) -> Array:
        # A folded key is itself 64 random bits: one hash a code, for any set of codes.
        return random.key_data(random.fold_in(key, code))[0]

    raw = jax.vmap(jax.vmap(bits, (None, 0)))(keys, codes)
    uniform = (raw >> 9).astype(jnp.float32) * 2**-23 + 2**-24  # strictly between 0 and 1
    return -jnp.log(-jnp.log(uniform))


def sample(logits: Array, params: SamplingParams, position: Array) -> Array:
    """One token a row, [N, V] guided logits -> [N] int32; every column is a permitted code."""
    keys = jax.vmap(random.fold_in, (0, None))(params.keys, position)
    tokens = _sample_ranked(*lax.top_k(logits, min(MAX_TOP_K, logits.shape[1])), keys, params)
    if logits.shape[1] <= MAX_TOP_K:
        return tokens

    # The whole vocabulary takes about six times as long, and sorting it forty times: only when a
    # row asks for it. Which way a row goes depends on its own settings alone.
    whole = (params.top_k == 0) & (params.temperature > 0)
    nucleus = whole & (params.top_p < 1)

    def sample_sorted() -> Array:
        return _sample_ranked(*lax.top_k(logits, logits.shape[1]), keys, params)

    from_all = lax.cond(whole.any(), lambda: _sample_from_all(logits, keys, params), lambda: tokens)
    from_nucleus = lax.cond(nucleus.any(), sample_sorted, lambda: tokens)
    return jnp.where(nucleus, from_nucleus, jnp.where(whole, from_all, tokens))


def _sample_ranked(logits: Array, codes: Array, keys: Array, params: SamplingParams) -> Array:
    """A token among the candidates for it, likeliest first: [N, M], [N, M] -> [N] int32."""
    scaled = jnp.where(in_top_k(logits, params), scale(logits, params.temperature), -jnp.inf)
    permitted = in_top_p(jax.nn.softmax(scaled), params)
    noisy = jnp.where(permitted, scaled + gumbel(keys, codes), -jnp.inf)
    best = jnp.where(params.temperature > 0, noisy.argmax(1), 0)
    return jnp.take_along_axis(codes, best[:, None], axis=1)[:, 0].astype(jnp.int32)


def _sample_from_all(logits: Array, keys: Array, params: SamplingParams) -> Array:
    """A token of the whole vocabulary, unsorted: [N, V] -> [N] int32."""
    codes = jnp.broadcast_to(jnp.arange(logits.shape[1]), logits.shape)
    scaled = scale(logits, params.temperature)
    return (scaled + gumbel(keys, codes)).argmax(1).astype(jnp.int32)


def in_top_k(ranked: Array, params: SamplingParams) -> Array:
    """Which codes, likeliest first, a row's top_k permits: [N, M] -> [N, M] bool."""
    top_k = params.top_k[:, None]
    return (jnp.arange(ranked.shape[1]) < top_k) | (top_k == 0)


def in_top_p(probs: Array, params: SamplingParams) -> Array:
    """Which codes, likeliest first, a row's top_p permits: [N, M] -> [N, M] bool."""
    likelier = jnp.cumsum(probs, axis=1) - probs  # probability of the codes before this one
    top_p = params.top_p[:, None]
    return (likelier < top_p) | (top_p >= 1)  # sums may round to above 1


def scale(logits: Array, temperature: Array) -> Array:
    """Logits over temperature, [N, M] and [N] or []; 0 counts as 1.

    At most 0, so that a tiny temperature cannot overflow.
    """
    divisor = jnp.where(temperature > 0, temperature, 1)
    # Not `logits[:, :1]` where they are sorted: XLA:CPU would then sort the whole vocabulary.
    return (logits - logits.max(1, keepdims=True)) / divisor[..., None]
