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

from dalle.generation.arithmetic_sampling import ArithmeticState, begin, sample_header
from dalle.generation.parallel import lanes_for, side_by_side
from dalle.generation.sampling import SamplingParams, log_probs, sample, super_condition
from dalle.models.bart.config import BartConfig
from dalle.models.bart.decoding import CrossCache, DecoderWeights, cross_attention_cache, step
from dalle.models.bart.kv_cache import Cache, cache_dtype, empty_cache, grow
from dalle.models.image_tokenizer import NO_CODE, NO_HEADER, TokenLayout, any_but
from dalle.models.memory_estimate import self_attention_cache
from dalle.models.sharding import spread

CHUNKS = 4
SMALL_CACHE = 64 * 2**20  # bytes


def chunk_ends(length: int) -> list[int]:
    """Where each chunk ends; fewer than four when there are fewer tokens."""
    return sorted({-(-length * chunk // CHUNKS) for chunk in range(1, CHUNKS + 1)})


def cache_rooms(config: BartConfig, candidates: int, kernels: jnp.dtype) -> list[int]:
    """For how many tokens the cache has room in each chunk.

    A small one has all its room from the start. It is read in no time, and one program draws every
    chunk: compiling four programs would take most of a small model's first start.
    """
    ends = chunk_ends(config.image_length)
    small = self_attention_cache(config, candidates, kernels) <= SMALL_CACHE
    return [ends[-1]] * len(ends) if small else ends


@partial(
    jax.jit,
    static_argnames=("count", "known", "layout"),
    donate_argnames=("tokens", "cache"),
)
def decode_chunk(
    weights: DecoderWeights,
    cross: CrossCache,
    params: SamplingParams,  # [N]
    tokens: Array,  # [2N], the last drawn ones; donated
    cache: Cache,  # with room for `start + count` tokens at least; donated
    state: ArithmeticState,  # [N]
    kept: Array,  # [N, count] int32, codes that are forced; below 0 where one is sampled
    start: Array,  # int32 scalar
    count: int,
    known: int,
    layout: TokenLayout,
) -> tuple[tuple[Array, Cache, ArithmeticState], Array, Array]:
    """`count` tokens from `start` on: the state for the next chunk, and all tokens [N, count].

    At the end the log-probabilities of each of them with the prompt, [N, count] float32, in nats.

    Only the first `known` codes are drawn: the others, the start token among them, have no picture.
    Where a row's logits are no numbers -1 stands for its token.
    """

    def sample_one(
        carry: tuple[Array, Cache, ArithmeticState], place: tuple[Array, Array]
    ) -> tuple:
        tokens, cache, state = carry
        position, forced = place  # [], [N]
        logits, cache = step(weights, cache, cross, tokens, position)
        guided = super_condition(logits[:, :known], params.condition_scale)
        sound = jnp.isfinite(guided).all(1)
        excluded = jnp.arange(known) == any_but(forced)[:, None]
        if layout.cells:  # a code for a cell has no place in the overview, and the other way round
            of_cells = jnp.arange(known) < layout.cells
            excluded |= of_cells == (position < layout.overview)
        guided = jnp.where(excluded, -jnp.inf, guided)
        prompted, _ = jnp.split(logits[:, :known], 2)
        sampled = sample(guided, params, position)
        if layout.overview:
            sampled, state = sample_header(
                guided, prompted, sampled, forced, params, state, layout, position
            )
        sampled = jnp.where(forced < 0, sampled, forced)
        return (jnp.tile(sampled, 2), cache, state), (
            jnp.where(sound, sampled, -1),
            log_probs(prompted, sampled),
        )

    positions = start + jnp.arange(count)
    carry, (sampled, probs) = lax.scan(sample_one, (tokens, cache, state), (positions, kept.T))
    return carry, sampled.T, probs.T


@dataclass
class Lane:
    """Rows with a program of their own, and their state between chunks."""

    cross: CrossCache
    params: SamplingParams  # [N]
    tokens: Array  # [2N]
    cache: Cache
    state: ArithmeticState  # [N]
    kept: np.ndarray  # [N, T] int32

    def advance(
        self,
        weights: DecoderWeights,
        start: int,
        stop: int,
        room: int,
        known: int,
        layout: TokenLayout,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The codes from `start` to `stop` and their log-probabilities, [N, stop - start]."""
        if room > self.cache[0].room:
            self.cache = grow(self.cache, room)
        (self.tokens, self.cache, self.state), sampled, probs = decode_chunk(
            weights,
            self.cross,
            self.params,
            self.tokens,
            self.cache,
            self.state,
            spread(self.kept[:, start:stop]),
            start=jnp.int32(start),
            count=stop - start,
            known=known,
            layout=layout,
        )
        return np.asarray(sampled), np.asarray(probs)


def make_lane(
    weights: DecoderWeights,
    memory: Array,
    mask: Array,
    params: SamplingParams,
    kept: np.ndarray,
    room: int,
    layout: TokenLayout,
) -> Lane:
    """A lane before its first token; its caches have room for `room` tokens."""
    config, twice = weights.config, 2 * len(params.top_k)
    tokens = jnp.full(twice, config.decoder_start_token_id, jnp.int32)
    dtype = cache_dtype(config, weights.kernel_dtype, jax.default_backend())
    cache = empty_cache(config, twice, room, dtype)
    cross = cross_attention_cache(weights, memory, mask)
    return Lane(cross, *spread((params, tokens, cache, begin(params, layout))), kept)


@partial(jax.jit, static_argnames="count")
def split_prompts(
    memory: Array, mask: Array, params: SamplingParams, count: int
) -> list[tuple[Array, Array, SamplingParams]]:
    """The arguments of `generate_tokens`, in `count` parts of the same form."""
    pairs = (x.reshape(2, count, -1, *x.shape[1:]) for x in (memory, mask))  # [2, count, P, ...]
    memory, mask = (pair.swapaxes(0, 1).reshape(count, -1, *pair.shape[3:]) for pair in pairs)
    params = jax.tree.map(lambda x: x.reshape(count, -1), params)
    return [jax.tree.map(lambda x, i=i: x[i], (memory, mask, params)) for i in range(count)]


def generate_tokens(
    weights: DecoderWeights,
    memory: Array,  # [2P, S, D]: P prompts, then the negative of each
    mask: Array,  # [2P, S]
    params: SamplingParams,  # [N], N a multiple of P: rows of the first prompt, then of the next
    known: int,
    layout: TokenLayout = NO_HEADER,
    kept: np.ndarray | None = None,  # [N, T] int32, see Change; None: all codes are sampled
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields the codes so far and their log-probabilities after each of the four chunks.

    [N, t] int32, -1 where there is none; [N, t] float32, in nats, with the prompt and unguided.
    A kept code is forced, for any logits; its log-probability is that after those before.
    """
    config = weights.config
    ends = chunk_ends(config.image_length)
    rooms = cache_rooms(config, len(params.top_k), weights.kernel_dtype)
    count = lanes_for(len(mask) // 2)
    parts = [(memory, mask, params)] if count == 1 else split_prompts(memory, mask, params, count)
    if kept is None:
        kept = np.full((len(params.top_k), config.image_length), NO_CODE, np.int32)
    lanes = [
        make_lane(weights, *part, rows, rooms[0], layout)
        for part, rows in zip(parts, np.split(kept, count), strict=True)
    ]
    codes: list[np.ndarray] = []
    probs: list[np.ndarray] = []
    for start, stop, room in zip([0, *ends], ends, rooms, strict=False):
        advance = partial(
            Lane.advance,
            weights=weights, start=start, stop=stop, room=room, known=known, layout=layout,
        )  # fmt: skip
        sampled, likely = zip(*side_by_side(advance, lanes, count), strict=True)
        codes.append(np.concatenate(sampled))
        probs.append(np.concatenate(likely))
        if stop == ends[-1]:
            lanes.clear()  # the pictures are decoded in the place of the caches
        yield np.concatenate(codes, axis=1), np.concatenate(probs, axis=1)
