"""The token loop: image tokens one after another, in four chunks.

Between chunks there is room for a preview, for stopping, and for a large cache to grow: a chunk
reads only as much of it as it can fill, which saves 37 % of the traffic.
Rows and their caches are shared out over the devices, which do the rest without being told.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from dalle.generation.lanes import lanes_for, side_by_side
from dalle.generation.opening import NO_OPENING, Layout, Opening, begin, draw_opening
from dalle.generation.sampling import Rows, guide, log_odds, sample
from dalle.models.cache import Cache, cache_dtype, empty_cache, grow
from dalle.models.config import BartConfig
from dalle.models.decoding import (
    CrossCache,
    DecoderWeights,
    cross_attention_cache,
    step,
)
from dalle.models.memory import self_attention_cache
from dalle.models.sharding import spread

CHUNKS = 4
SMALL_CACHE = 64 * 2**20  # bytes


def chunk_ends(length: int) -> list[int]:
    """Where each chunk ends; fewer than four when there are fewer tokens."""
    return sorted({-(-length * chunk // CHUNKS) for chunk in range(1, CHUNKS + 1)})


def cache_rooms(config: BartConfig, candidates: int, kernels: jnp.dtype) -> list[int]:
    """For how many tokens the cache has room in each chunk.

    A small one has all its room from the start. It is read in no time, and one program draws every
    chunk: compiling four is most of what a first start of a small model takes.
    """
    ends = chunk_ends(config.image_length)
    small = self_attention_cache(config, candidates, kernels) <= SMALL_CACHE
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


@dataclass
class Lane:
    """Rows that are drawn by a program of their own, and how far they have come."""

    cross: CrossCache
    rows: Rows  # [N]
    tokens: Array  # [2N]
    cache: Cache
    opening: Opening  # [N]

    def draw(
        self, weights: DecoderWeights, start: int, stop: int, room: int, known: int, layout: Layout
    ) -> tuple[np.ndarray, np.ndarray]:
        """The codes from `start` to `stop` and their log-odds, [N, stop - start]."""
        if room > self.cache[0].room:
            self.cache = grow(self.cache, room)
        (self.tokens, self.cache, self.opening), drawn, odds = draw_chunk(
            weights,
            self.cross,
            self.rows,
            self.tokens,
            self.cache,
            self.opening,
            start=jnp.int32(start),
            count=stop - start,
            known=known,
            layout=layout,
        )
        return np.asarray(drawn), np.asarray(odds)


def make_lane(
    weights: DecoderWeights, memory: Array, mask: Array, rows: Rows, room: int, layout: Layout
) -> Lane:
    """Rows that nothing was drawn of; their caches have room for so many tokens."""
    config, twice = weights.config, 2 * len(rows.top_k)
    tokens = jnp.full(twice, config.decoder_start_token_id, jnp.int32)
    dtype = cache_dtype(config, weights.kernel_dtype, jax.default_backend())
    cache = empty_cache(config, twice, room, dtype)
    cross = cross_attention_cache(weights, memory, mask)
    return Lane(cross, *spread((rows, tokens, cache, begin(rows, layout))))


@partial(jax.jit, static_argnames="count")
def split_prompts(
    memory: Array, mask: Array, rows: Rows, count: int
) -> list[tuple[Array, Array, Rows]]:
    """What `draw_codes` is given, in `count` parts that are each of the same form."""
    pairs = (x.reshape(2, count, -1, *x.shape[1:]) for x in (memory, mask))  # [2, count, P, ...]
    memory, mask = (pair.swapaxes(0, 1).reshape(count, -1, *pair.shape[3:]) for pair in pairs)
    rows = jax.tree.map(lambda x: x.reshape(count, -1), rows)
    return [jax.tree.map(lambda x, i=i: x[i], (memory, mask, rows)) for i in range(count)]


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
    config = weights.config
    ends = chunk_ends(config.image_length)
    rooms = cache_rooms(config, len(rows.top_k), weights.kernel_dtype)
    count = lanes_for(len(mask) // 2)
    parts = [(memory, mask, rows)] if count == 1 else split_prompts(memory, mask, rows, count)
    lanes = [make_lane(weights, *part, rooms[0], layout) for part in parts]
    codes: list[np.ndarray] = []
    odds: list[np.ndarray] = []
    for start, stop, room in zip([0, *ends], ends, rooms, strict=False):
        draw = partial(
            Lane.draw,
            weights=weights, start=start, stop=stop, room=room, known=known, layout=layout,
        )  # fmt: skip
        drawn, likely = zip(*side_by_side(draw, lanes, count), strict=True)
        codes.append(np.concatenate(drawn))
        odds.append(np.concatenate(likely))
        if stop == ends[-1]:
            lanes.clear()  # the pictures are decoded in the place of the caches
        yield np.concatenate(codes, axis=1), np.concatenate(odds, axis=1)
