"""The token loop: image tokens one after another, in four chunks.

Between chunks there is room for a preview, for stopping, and for the cache to grow: a chunk
reads only as much cache as it can fill, which saves 37 % of the traffic.
Rows and their caches are shared out over the devices, which do the rest without being told.
"""

from collections.abc import Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from dalle.generation.sampling import Rows, freer, guide, log_odds, sample
from dalle.models.decoding import (
    Cache,
    CrossCache,
    DecoderWeights,
    cache_dtype,
    cross_attention_cache,
    empty_cache,
    grow,
    step,
)
from dalle.models.sharding import spread

CHUNKS = 4


def chunk_ends(length: int) -> list[int]:
    """Where each chunk ends; fewer than four when there are fewer tokens."""
    return sorted({-(-length * chunk // CHUNKS) for chunk in range(1, CHUNKS + 1)})


@partial(
    jax.jit,
    static_argnames=("start", "stop", "known", "overview"),
    donate_argnames=("tokens", "cache"),
)
def draw_chunk(
    weights: DecoderWeights,
    cross: CrossCache,
    rows: Rows,  # [N]
    tokens: Array,  # [2N], the last drawn ones; donated
    cache: Cache,  # with room for `stop` tokens; donated
    start: int,
    stop: int,
    known: int,
    overview: int = 0,
) -> tuple[Array, Cache, Array, Array]:
    """Tokens `start` to `stop`: the last ones [2N], the cache, and all of them [N, stop - start].

    At the end the log-odds of each token with the prompt, [N, stop - start] float32, in nats.

    Only the first `known` codes are drawn: the others, the start token among them, have no picture.
    The first `overview` tokens of a picture are drawn as often as they were shown in training.
    Where a row's logits are no numbers -1 stands for its token.
    """

    def draw_one(carry: tuple[Array, Cache], position: Array) -> tuple:
        logits, cache = step(weights, carry[1], cross, carry[0], position)
        guided = guide(logits[:, :known], rows.condition_scale)
        drawn = sample(guided, freer(rows, position < overview), position)
        sound = jnp.isfinite(guided).all(1)
        with_prompt, _ = jnp.split(logits[:, :known], 2)
        return (jnp.tile(drawn, 2), cache), (
            jnp.where(sound, drawn, -1),
            log_odds(with_prompt, drawn),
        )

    (tokens, cache), (drawn, odds) = lax.scan(draw_one, (tokens, cache), jnp.arange(start, stop))
    return tokens, cache, drawn.T, odds.T


def draw_codes(
    weights: DecoderWeights,
    memory: Array,  # [2P, S, D]: P prompts, then what takes the place of each
    mask: Array,  # [2P, S]
    rows: Rows,  # [N], N a multiple of P: the rows of the first prompt, of the second, ...
    known: int,
    overview: int = 0,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """What is drawn so far, after each of the four chunks: codes and their log-odds.

    [N, t] int32, -1 where there is none; [N, t] float32, in nats, with the prompt and unguided.
    """
    config, count = weights.config, 2 * len(rows.top_k)
    cross = cross_attention_cache(weights, memory, mask)
    tokens = jnp.full(count, config.decoder_start_token_id, jnp.int32)
    ends = chunk_ends(config.image_length)
    cache = empty_cache(config, count, ends[0], cache_dtype(weights, jax.default_backend()))
    rows, tokens, cache = spread((rows, tokens, cache))

    codes: list[np.ndarray] = []
    odds: list[np.ndarray] = []
    for start, stop in zip([0, *ends], ends, strict=False):
        if start > 0:
            cache = grow(cache, stop)
        tokens, cache, drawn, likely = draw_chunk(
            weights,
            cross,
            rows,
            tokens,
            cache,
            start=start,
            stop=stop,
            known=known,
            overview=overview,
        )
        codes.append(np.asarray(drawn))
        odds.append(np.asarray(likely))
        if stop == ends[-1]:
            del cache  # the pictures are decoded in its place
        yield np.concatenate(codes, axis=1), np.concatenate(odds, axis=1)
