"""The token loop: image tokens one after another, in four chunks.

Between chunks there is room for a preview, for stopping, and for a large cache to grow: a chunk
reads only as much of it as it can fill, which saves 37 % of the traffic.
Rows and their caches are shared out over the devices, which do the rest without being told.
"""

from collections.abc import Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from dalle.generation.opening import NO_OPENING, Layout, Opening, begin, draw_opening
from dalle.generation.sampling import Rows, guide, log_odds, sample
from dalle.models.config import BartConfig
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
from dalle.models.memory import self_attention_cache
from dalle.models.sharding import spread

CHUNKS = 4
SMALL_CACHE = 64 * 2**20  # bytes


def chunk_ends(length: int) -> list[int]:
    """Where each chunk ends; fewer than four when there are fewer tokens."""
    return sorted({-(-length * chunk // CHUNKS) for chunk in range(1, CHUNKS + 1)})


def cache_rooms(config: BartConfig, candidates: int) -> list[int]:
    """For how many tokens the cache has room in each chunk.

    A small one has all its room from the start. It is read in no time, and one program draws every
    chunk: compiling four is most of what a first start of a small model takes.
    """
    ends = chunk_ends(config.image_length)
    small = self_attention_cache(config, candidates) <= SMALL_CACHE
    return [ends[-1]] * len(ends) if small else ends


@partial(
    jax.jit,
    static_argnames=("count", "known", "layout"),
    donate_argnames=("tokens", "cache"),
)
def draw_chunk(
    weights: DecoderWeights,
    cross: CrossCache,
    rows: Rows,  # [N]
    tokens: Array,  # [2N], the last drawn ones; donated
    cache: Cache,  # with room for `start + count` tokens at least; donated
    opening: Opening,  # [N]
    start: Array,  # int32 scalar
    count: int,
    known: int,
    layout: Layout,
) -> tuple[tuple[Array, Cache, Opening], Array, Array]:
    """`count` tokens from `start` on: what the next chunk starts with, and all of them [N, count].

    At the end the log-odds of each of them with the prompt, [N, count] float32, in nats.

    Only the first `known` codes are drawn: the others, the start token among them, have no picture.
    Where a row's logits are no numbers -1 stands for its token.
    """

    def draw_one(carry: tuple[Array, Cache, Opening], position: Array) -> tuple:
        tokens, cache, opening = carry
        logits, cache = step(weights, cache, cross, tokens, position)
        guided = guide(logits[:, :known], rows.condition_scale)
        prompted, _ = jnp.split(logits[:, :known], 2)
        drawn = sample(guided, rows, position)
        if layout.overview:
            drawn, opening = draw_opening(guided, prompted, drawn, rows, opening, layout, position)
        sound = jnp.isfinite(guided).all(1)
        return (jnp.tile(drawn, 2), cache, opening), (
            jnp.where(sound, drawn, -1),
            log_odds(prompted, drawn),
        )

    positions = start + jnp.arange(count)
    carry, (drawn, odds) = lax.scan(draw_one, (tokens, cache, opening), positions)
    return carry, drawn.T, odds.T


def draw_codes(
    weights: DecoderWeights,
    memory: Array,  # [2P, S, D]: P prompts, then what takes the place of each
    mask: Array,  # [2P, S]
    rows: Rows,  # [N], N a multiple of P: the rows of the first prompt, of the second, ...
    known: int,
    layout: Layout = NO_OPENING,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """What is drawn so far, after each of the four chunks: codes and their log-odds.

    [N, t] int32, -1 where there is none; [N, t] float32, in nats, with the prompt and unguided.
    """
    config, twice = weights.config, 2 * len(rows.top_k)
    cross = cross_attention_cache(weights, memory, mask)
    tokens = jnp.full(twice, config.decoder_start_token_id, jnp.int32)
    ends = chunk_ends(config.image_length)
    rooms = cache_rooms(config, len(rows.top_k))
    cache = empty_cache(config, twice, rooms[0], cache_dtype(weights, jax.default_backend()))
    rows, tokens, cache, opening = spread((rows, tokens, cache, begin(rows, layout)))

    codes: list[np.ndarray] = []
    odds: list[np.ndarray] = []
    for start, stop, room in zip([0, *ends], ends, rooms, strict=False):
        if room > cache.keys[0].shape[2]:
            cache = grow(cache, room)
        (tokens, cache, opening), drawn, likely = draw_chunk(
            weights,
            cross,
            rows,
            tokens,
            cache,
            opening,
            start=jnp.int32(start),
            count=stop - start,
            known=known,
            layout=layout,
        )
        codes.append(np.asarray(drawn))
        odds.append(np.asarray(likely))
        if stop == ends[-1]:
            del cache  # the pictures are decoded in its place
        yield np.concatenate(codes, axis=1), np.concatenate(odds, axis=1)
