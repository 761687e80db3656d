"""Keys and values of the image tokens so far, layer by layer.

R rows, A heads of size K, room for T tokens. On a CPU bfloat16 is kept as words of two: XLA widens
arrays of bfloat16 there before each product, and reads them several times slower than float32.
Words are shifted and summed as fast as memory gives them.
"""

from functools import partial
from typing import Self

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jax import Array, lax

from dalle.models.bart.config import BartConfig

BLOCK = 16  # tokens, or parts of a head: 16 words are a line of the caches
HALF = BLOCK // 2
HIGH = np.uint32(0xFFFF0000)
PACKED = jnp.uint32
PACKED_FROM = 128  # tokens: fewer are read in no time, and sums written out take long to compile


@struct.dataclass
class LayerCache:
    """One layer's keys and values, as they are."""

    keys: Array  # [R, A, T, K]
    values: Array  # [R, A, T, K]

    @classmethod
    def empty(cls, rows: int, heads: int, room: int, size: int, dtype: jnp.dtype) -> Self:
        """Without a token."""
        return cls(*(jnp.zeros((rows, heads, room, size), dtype) for _ in "kv"))

    @property
    def room(self) -> int:
        """For how many tokens."""
        return self.keys.shape[2]

    def write(self, keys: Array, values: Array, position: Array) -> Self:
        """With a token's keys and values, [R, A, K] each."""
        write = partial(lax.dynamic_update_slice_in_dim, start_index=position, axis=2)
        return self.replace(
            keys=write(self.keys, keys[:, :, None].astype(self.keys.dtype)),
            values=write(self.values, values[:, :, None].astype(self.values.dtype)),
        )

    def attend(self, query: Array, seen: Array) -> Array:
        """One query a row, [R, A, K], over the tokens that are seen, [T] bool -> [R, A, K]."""
        einsum = partial(
            jnp.einsum, precision=lax.Precision.HIGHEST, preferred_element_type=jnp.float32
        )
        scores = einsum("rak,ratk->rat", query.astype(self.keys.dtype), self.keys)
        weights = masked_softmax(scores, seen).astype(self.values.dtype)
        return einsum("rat,ratk->rak", weights, self.values)

    def lengthened(self, room: int) -> Self:
        """With room for `room` tokens; the former arrays are deleted."""
        missing = room - self.room
        return self.replace(
            keys=lengthen(self.keys, missing), values=lengthen(self.values, missing)
        )


@struct.dataclass
class PackedLayerCache:
    """One layer's keys and values in bfloat16, two in a word of 32 bits.

    A word of keys holds parts k (its low half) and k + K / 2 of a token's key. A word of values
    holds part k of tokens t and t + 8. Summands lie in lines of 16 words, in the order of reading.
    """

    keys: Array  # [R, A, T / 16, K / 2, 16 tokens]
    values: Array  # [R, A, T / 16, K / 16, 8 tokens, 16 parts]

    @classmethod
    def empty(cls, rows: int, heads: int, room: int, size: int) -> Self:
        """Without a token; K is a multiple of 16, and T becomes one."""
        blocks = -(-room // BLOCK)
        return cls(
            keys=jnp.zeros((rows, heads, blocks, size // 2, BLOCK), jnp.uint32),
            values=jnp.zeros((rows, heads, blocks, size // BLOCK, HALF, BLOCK), jnp.uint32),
        )

    @property
    def room(self) -> int:
        """For how many tokens."""
        return self.keys.shape[2] * BLOCK

    def write(self, keys: Array, values: Array, position: Array) -> Self:
        """With a token's keys and values, [R, A, K] each; tokens come in their order."""
        block, slot = position // BLOCK, position % BLOCK
        low, high = jnp.split(rounded(keys), 2, -1)
        words = (low | high << 16)[:, :, None, :, None]
        values = rounded(values).reshape(*values.shape[:2], 1, -1, 1, BLOCK)
        place = 0, 0, block, 0, slot % HALF, 0
        before = lax.dynamic_slice(self.values, place, values.shape)
        values = jnp.where(slot < HALF, values, before | values << 16)
        return self.replace(
            keys=lax.dynamic_update_slice(self.keys, words, (0, 0, block, 0, slot)),
            values=lax.dynamic_update_slice(self.values, values, place),
        )

    def attend(self, query: Array, seen: Array) -> Array:
        """One query a row, [R, A, K], over the tokens that are seen, [T] bool -> [R, A, K]."""
        rows, heads, size = query.shape
        parts = jnp.split(query[:, :, None, :, None], 2, 3)
        # Written out: XLA computes a sum over an axis one number at a time.
        low = high = 0
        for k in range(size // 2):
            first, second = floats(self.keys[:, :, :, k])
            low += first * parts[0][:, :, :, k]
            high += second * parts[1][:, :, :, k]
        weights = masked_softmax((low + high).reshape(rows, heads, -1), seen)
        weights = weights.reshape(rows, heads, -1, 1, 2, HALF, 1)
        low = high = 0
        for t in range(HALF):
            first, second = floats(self.values[:, :, :, :, t])
            low += first * weights[:, :, :, :, 0, t]
            high += second * weights[:, :, :, :, 1, t]
        blocks = (low + high).reshape(rows, heads, -1, size)  # of 16 tokens each
        # A product, into which XLA does not draw the sums above to compute them again.
        ones = jnp.ones(blocks.shape[:3])
        return jnp.einsum("rab,rabk->rak", ones, blocks, precision=lax.Precision.HIGHEST)

    def lengthened(self, room: int) -> Self:
        """With room for `room` tokens; the former arrays are deleted."""
        missing = -(-room // BLOCK) - self.keys.shape[2]
        return self.replace(
            keys=lengthen(self.keys, missing), values=lengthen(self.values, missing)
        )


Cache = list[LayerCache | PackedLayerCache]


def cache_dtype(config: BartConfig, kernels: jnp.dtype, backend: str) -> jnp.dtype:
    """The dtype of keys and values beside kernels of this dtype: PACKED, or as they are."""
    if kernels in (jnp.float32, jnp.float16):
        return jnp.dtype(kernels)
    if backend != "cpu":
        return jnp.dtype(jnp.bfloat16)
    size = config.d_model // config.decoder_attention_heads
    packs = config.image_length >= PACKED_FROM and size % BLOCK == 0
    return jnp.dtype(PACKED if packs else jnp.float32)


def bytes_of_number(dtype: jnp.dtype) -> int:
    """The bytes of one number of a key or a value."""
    return 2 if dtype == PACKED else jnp.dtype(dtype).itemsize


def empty_cache(config: BartConfig, rows: int, room: int, dtype: jnp.dtype = jnp.float32) -> Cache:
    """Room for `room` tokens in each of `rows` rows, layer by layer."""
    heads = config.decoder_attention_heads
    shape = rows, heads, room, config.d_model // heads
    if dtype == PACKED:
        return [PackedLayerCache.empty(*shape) for _ in range(config.decoder_layers)]
    return [LayerCache.empty(*shape, dtype) for _ in range(config.decoder_layers)]


def rounded(x: Array) -> Array:
    """The bits of bfloat16 in the low half of a word."""
    return lax.bitcast_convert_type(x.astype(jnp.bfloat16), jnp.uint16).astype(jnp.uint32)


def floats(words: Array) -> tuple[Array, Array]:
    """The low and the high half of each word, as float32."""
    return tuple(lax.bitcast_convert_type(x, jnp.float32) for x in (words << 16, words & HIGH))


def masked_softmax(scores: Array, seen: Array) -> Array:
    """[R, A, T] over the tokens that are seen, [T] bool."""
    return jax.nn.softmax(jnp.where(seen, scores, jnp.finfo(jnp.float32).min), axis=-1)


@partial(jax.jit, static_argnames="missing")
def _lengthen(x: Array, missing: int) -> Array:
    return jnp.pad(x, [(0, missing if axis == 2 else 0) for axis in range(x.ndim)])


def lengthen(x: Array, missing: int) -> Array:
    """[R, A, T, ...] with `missing` more zeros at the end of T; the former array is deleted.

    One array after another, so that only one of them is ever there twice.
    """
    longer = _lengthen(x, missing).block_until_ready()
    x.delete()
    return longer


def grow(cache: Cache, room: int) -> Cache:
    """The same cache with room for `room` tokens; the former one is deleted."""
    return [layer.lengthened(room) for layer in cache]
