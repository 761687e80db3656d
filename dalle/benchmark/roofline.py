"""The lower bound of the time that sampling the codes takes on a machine.

A step reads every weight once and the keys and values so far of every row, and multiplies each
weight with each row; it cannot be faster than the slower of the two. Bytes are those that must
move, not those that a program does move. Source of the method: "Roofline: An Insightful Visual
Performance Model for Multicore Architectures" (Williams et al., 2009).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp

from dalle.generation.loop import cache_rooms, chunk_ends
from dalle.models.bart.config import BartConfig
from dalle.models.bart.decoding import DecoderWeights, cross_attention_cache, step
from dalle.models.bart.kv_cache import cache_dtype, empty_cache
from dalle.models.memory_estimate import FLOAT32


@dataclass(frozen=True)
class Work:
    """The least work of the token loop: one entry a step."""

    operations: tuple[float, ...]
    bytes: tuple[float, ...]

    def seconds(self, bandwidth: float, products: float) -> float:
        """The bound: each step takes the longer of its reading and its multiplying."""
        steps = zip(self.operations, self.bytes, strict=True)
        return sum(max(work / products, moved / bandwidth) for work, moved in steps)


def step_weights(config: BartConfig) -> int:
    """The weights that a step multiplies with: L (4 D^2 + 2 D^2 + 3 D F) + D V."""
    width = config.d_model
    layer = 6 * width**2 + 3 * width * config.decoder_ffn_dim
    return config.decoder_layers * layer + width * config.output_vocab_size


def least_work(
    config: BartConfig,
    candidates: int,
    weight_bytes: int,
    cache_bytes: int = FLOAT32,
    growing: bool = True,
) -> Work:
    """The least work for a number of candidates, each with and without the prompt.

    weight_bytes, cache_bytes: size of a weight, and of a number among keys and values.
    growing: a step reads the keys and values of the tokens before it; else always of all tokens.
    """
    rows, width, layers = 2 * candidates, config.d_model, config.decoder_layers
    weights, text = step_weights(config), config.max_text_length
    operations, moved = [], []
    for position in range(1, config.image_length + 1):
        tokens = position if growing else config.image_length
        operations.append(rows * (2 * weights + 4 * layers * width * (tokens + text)))
        cached = rows * tokens + rows  # read, written
        cached = 2 * layers * width * (cached * cache_bytes + 2 * text * FLOAT32)
        moved.append(weights * weight_bytes + cached)
    return Work(tuple(operations), tuple(moved))


def program_bytes(weights: DecoderWeights, candidates: int, lanes: int = 1) -> float:
    """The bytes that our compiled steps move in all, as XLA counts them."""
    config = weights.config
    ends = chunk_ends(config.image_length)
    rooms = cache_rooms(config, candidates, weights.kernel_dtype)
    steps = zip(
        _compiled_bytes(weights, candidates // lanes, rooms), [0, *ends], ends, strict=False
    )
    return lanes * sum(moved * (stop - start) for moved, start, stop in steps)


def _compiled_bytes(weights: DecoderWeights, candidates: int, rooms: list[int]) -> Iterator[float]:
    """Bytes of one step with each size of the cache."""
    config, groups = weights.config, 2
    memory = jax.ShapeDtypeStruct((groups, config.max_text_length, config.d_model), jnp.float32)
    mask = jax.ShapeDtypeStruct(memory.shape[:2], bool)
    cross = jax.eval_shape(cross_attention_cache, weights, memory, mask)
    tokens = jax.ShapeDtypeStruct((groups * candidates,), jnp.int32)
    position = jax.ShapeDtypeStruct((), jnp.int32)
    dtype = cache_dtype(config, weights.kernel_dtype, jax.default_backend())
    for room in rooms:
        cache = jax.eval_shape(partial(empty_cache, config, groups * candidates, room, dtype))
        lowered = jax.jit(step, donate_argnums=1).lower(weights, cache, cross, tokens, position)
        yield lowered.compile().cost_analysis()["bytes accessed"]
