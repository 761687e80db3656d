"""One image token after another through a cache: the fast form of BART's decoder.

Weights are prepared once from the published tree: cast (or, for int8, rounded with a scale for
each output), and laid out [out, in] with the products that share an input fused. Layers are a
Python loop with one array per weight, because a scan over stacked weights copies them.
R = G * N rows, group-major: G prompt variants (with the prompt, without it), N candidates each. So
the cross-attention keys and values of a variant exist once for all its candidates.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jax import Array, lax

from dalle.models.bart.config import BartConfig
from dalle.models.bart.kv_cache import Cache, empty_cache
from dalle.models.hardware import multiplies_bytes
from dalle.models.int8_matmul import OFFSET, int8_matmul, without_sign
from dalle.models.layers import gelu

ALONG_INPUT = (((1,), (1,)), ((), ()))  # [R, in] x [out, in] -> [R, out]
FEW_ROWS = 64  # from 2 * FEW_ROWS on a product is no faster on a CPU with its kernel first


@struct.dataclass
class DecoderWeights:
    """The decoder's parameters, ready for `step`."""

    config: BartConfig = struct.field(pytree_node=False)
    tree: dict[str, Any]

    @property
    def kernel_dtype(self) -> jnp.dtype:
        """float32, bfloat16, float16 or int8."""
        dtype = self.tree["head"]["kernel"].dtype
        return jnp.dtype(jnp.int8) if dtype == jnp.uint8 else dtype


@struct.dataclass
class CrossCache:
    """Keys and values of the prompt, one pair a layer."""

    keys: list[Array]  # L x [G, A, K, S] float32
    values: list[Array]  # L x [G, A, S, K] float32
    mask: Array  # [G, S] bool


def prepare(
    params: dict[str, Any], config: BartConfig, dtype: jnp.dtype, donate: bool = False
) -> DecoderWeights:
    """The decoder's kernels in `dtype` (int8 too), transposed and fused; the rest in float32.

    With `donate` each published kernel is deleted once it is laid out anew, so that there are
    never two copies of the decoder.
    """

    def fused(parts: list[dict]) -> dict[str, Array]:
        kernels = [part["kernel"] for part in parts]
        weight = _lay_out(kernels, jnp.dtype(dtype), unsigned=multiplies_bytes())
        if "bias" in parts[0]:
            weight["bias"] = jnp.concatenate([part["bias"] for part in parts])
        if donate:
            for part in parts:
                part["kernel"].delete()
        return weight

    def prepare_layer(layer: dict) -> dict[str, Any]:
        own, cross, glu = (
            layer[n] for n in ("FlaxBartAttention_0", "FlaxBartAttention_1", "GLU_0")
        )
        return {
            "qkv": fused([own["q_proj"], own["k_proj"], own["v_proj"]]),
            "own_out": fused([own["out_proj"]]),
            "cross_q": fused([cross["q_proj"]]),
            "cross_kv": fused([cross["k_proj"], cross["v_proj"]]),
            "cross_out": fused([cross["out_proj"]]),
            "gate_up": fused([glu["Dense_0"], glu["Dense_1"]]),
            "down": fused([glu["Dense_2"]]),
            "norms": [layer[f"LayerNorm_{i}"] for i in range(4)],
            "glu_norms": [glu["LayerNorm_0"], glu["LayerNorm_1"]],
        }

    decoder = params["model"]["decoder"]
    layers = decoder["layers"]
    tree = {
        "embed_tokens": decoder["embed_tokens"]["embedding"],
        "embed_positions": decoder["embed_positions"]["embedding"],
        "embed_norm": decoder["layernorm_embedding"],
        "layers": [
            prepare_layer(layers[f"FlaxBartDecoderLayer_{i}"]) for i in range(config.decoder_layers)
        ],
        "final_norm": decoder["final_ln"] if config.use_final_ln_decoder else None,
        "head": fused([params["lm_head"]]),
    }
    return DecoderWeights(config=config, tree=jax.tree.map(jnp.asarray, tree))


@partial(jax.jit, static_argnames=("dtype", "unsigned"))
def _lay_out(kernels: list[Array], dtype: jnp.dtype, unsigned: bool) -> dict[str, Array]:
    """Kernels [in, out] as one of [out, in]; int8 with its scales, and if asked as uint8."""
    kernel = jnp.concatenate([kernel.T for kernel in kernels])
    if dtype != jnp.int8:
        return {"kernel": kernel.astype(dtype)}
    rows = quantize_rows(kernel.astype(jnp.float32))
    return rows | {"kernel": without_sign(rows["kernel"])} if unsigned else rows


def quantize_rows(x: Array) -> dict[str, Array]:
    """[rows, n] -> int8 with a scale a row: `kernel` [rows, n], `scale` [rows] float32."""
    scale = jnp.maximum(jnp.abs(x).max(1) / 127, 1e-30)
    return {"kernel": jnp.round(x / scale[:, None]).astype(jnp.int8), "scale": scale}


def linear(x: Array, weight: dict[str, Array]) -> Array:
    """[R, in] x [out, in] -> [R, out] float32, computed in the weight's dtype.

    int8: each row of `x` is rounded to int8 with a scale of its own; sums are exact, in int32.
    """
    kernel = weight["kernel"]
    if kernel.dtype in (jnp.int8, jnp.uint8):
        rows = quantize_rows(x)
        whole = rows["kernel"]
        unsigned = kernel.dtype == jnp.uint8
        y = _multiply_unsigned(whole, kernel) if unsigned else _multiply(whole, kernel, jnp.int32)
        y = y.astype(jnp.float32) * rows["scale"][:, None] * weight["scale"]
    else:
        y = _multiply(x.astype(kernel.dtype), kernel, jnp.float32)
    return y + weight["bias"] if "bias" in weight else y


def _multiply(x: Array, kernel: Array, total: jnp.dtype) -> Array:
    """[R, in] x [out, in] -> [R, out], summed in `total`."""
    multiply = partial(
        lax.dot_general,
        dimension_numbers=ALONG_INPUT,
        precision=lax.Precision.HIGHEST if kernel.dtype == jnp.float32 else None,
        preferred_element_type=total,
    )
    if len(x) > FEW_ROWS:
        return multiply(x, kernel)

    def kernel_first(x: Array, kernel: Array) -> Array:
        # The second operand is laid out anew for each product: let that be the small one. Without
        # the barrier XLA would exchange them to save itself the transpose.
        return lax.optimization_barrier(multiply(kernel, x)).T

    return lax.platform_dependent(x, kernel, cpu=kernel_first, default=multiply)


def _multiply_unsigned(x: Array, kernel: Array) -> Array:
    """`_multiply` for a uint8 kernel stored with zero point OFFSET; accumulates in int32."""
    excess = OFFSET * x.astype(jnp.float32).sum(1).astype(jnp.int32)  # below 2**24, so exact
    return lax.optimization_barrier(int8_matmul(kernel, x)).T - excess[:, None]


def normalize(x: Array, norm: dict[str, Array]) -> Array:
    """LayerNorm over the last axis, with the parameters of a published norm."""
    centred = x - x.mean(-1, keepdims=True)
    y = centred * lax.rsqrt(jnp.square(centred).mean(-1, keepdims=True) + 1e-5)
    return (y * norm["scale"] if "scale" in norm else y) + norm["bias"]


@jax.jit
def cross_attention_cache(weights: DecoderWeights, memory: Array, mask: Array) -> CrossCache:
    """The prompts' keys and values for every layer, from memory [G, S, D] and mask [G, S]."""
    groups, length, width = memory.shape
    heads = weights.config.decoder_attention_heads
    keys, values = [], []
    for layer in weights.tree["layers"]:
        both = linear(memory.reshape(-1, width), layer["cross_kv"])
        both = both.reshape(groups, length, 2, heads, width // heads)
        keys.append(both[:, :, 0].transpose(0, 2, 3, 1))
        values.append(both[:, :, 1].swapaxes(1, 2))
    return CrossCache(keys=keys, values=values, mask=mask.astype(bool))


def attend_groups(query: Array, keys: Array, values: Array, mask: Array) -> Array:
    """Rows [G * N, A, K] over their group's keys [G, A, K, S] -> [G * N, A, K]; mask is [G, S]."""
    rows, heads, size = query.shape
    einsum = partial(jnp.einsum, precision=lax.Precision.HIGHEST)
    query = query.reshape(len(keys), -1, heads, size).swapaxes(1, 2)
    scores = einsum("gank,gaks->gans", query, keys)
    scores = jnp.where(mask[:, None, None], scores, jnp.finfo(jnp.float32).min)
    read = einsum("gans,gask->gank", jax.nn.softmax(scores), values)
    return read.swapaxes(1, 2).reshape(rows, heads, size)


def step(
    weights: DecoderWeights,
    cache: Cache,
    cross: CrossCache,
    tokens: Array,  # [R] int32, the tokens at `position`
    position: Array,  # int32 scalar
) -> tuple[Array, Cache]:
    """Logits [R, V] float32 for the token after `position`, and the cache with it written."""
    config, tree = weights.config, weights.tree
    rows, heads, width = len(tokens), config.decoder_attention_heads, config.d_model
    size = width // heads
    scale = size**-0.5

    x = tree["embed_tokens"][tokens]
    if config.scale_embedding:
        x = x * width**0.5
    x = normalize(x + tree["embed_positions"][position], tree["embed_norm"])
    seen = jnp.arange(cache[0].room) <= position

    written = []
    for index, layer in enumerate(tree["layers"]):
        norms = layer["norms"]
        qkv = linear(normalize(x, norms[0]), layer["qkv"]).reshape(rows, 3, heads, size)
        query, key, value = (qkv[:, i] for i in range(3))
        written.append(cache[index].write(key, value, position))
        attended = written[-1].attend(query * scale, seen)
        x = x + normalize(linear(attended.reshape(rows, width), layer["own_out"]), norms[1])

        query = linear(normalize(x, norms[2]), layer["cross_q"]).reshape(rows, heads, size)
        read = attend_groups(query * scale, cross.keys[index], cross.values[index], cross.mask)
        x = x + normalize(linear(read.reshape(rows, width), layer["cross_out"]), norms[3])

        gate, up = jnp.split(linear(normalize(x, layer["glu_norms"][0]), layer["gate_up"]), 2, 1)
        hidden = normalize(gelu(gate) * up, layer["glu_norms"][1])
        x = x + linear(hidden, layer["down"])

    if tree["final_norm"] is not None:
        x = normalize(x, tree["final_norm"])
    return linear(x, tree["head"]), written


@partial(jax.jit, static_argnames="length")
def _greedy(
    weights: DecoderWeights, cross: CrossCache, condition_scale: Array, length: int
) -> Array:
    config = weights.config
    groups = len(cross.mask)

    def decode_one(carry: tuple, position: Array) -> tuple:
        tokens, cache = carry
        logits, cache = step(weights, cache, cross, tokens, position)
        conditional, unconditional = jnp.split(logits, 2)
        logits = unconditional + condition_scale * (conditional - unconditional)
        likeliest = logits[:, : config.image_vocab_size].argmax(-1).astype(jnp.int32)
        return (jnp.tile(likeliest, 2), cache), likeliest

    start = jnp.full((groups,), config.decoder_start_token_id, jnp.int32)
    carry = start, empty_cache(config, groups, length)
    _, codes = lax.scan(decode_one, carry, jnp.arange(length))
    return codes.T


def greedy_decode(
    weights: DecoderWeights, memory: Array, mask: Array, condition_scale: float
) -> Array:
    """The likeliest codes [B, T] for memory [2B, S, D]: prompts first, then their opposites."""
    cross = cross_attention_cache(weights, memory, mask)
    return _greedy(weights, cross, jnp.float32(condition_scale), weights.config.image_length)
