"""DALL·E mini's sequence-to-sequence network: BART with NormFormer layers and GLU.

Module names are those of the published trees, layers one by one (`FlaxBartDecoderLayer_0`, ...).
This file is the plain form: training and the teacher-forced oracle; `decoding.py` is the fast one.

Sources: github.com/borisdayma/dalle-mini; NormFormer, arxiv.org/abs/2110.09456;
GLU variants, arxiv.org/abs/2002.05202.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from dalle.models.bart.config import BartConfig
from dalle.models.bart.decoding import greedy_decode, prepare
from dalle.models.checkpoints.stacking import repeat_first
from dalle.models.layers import (
    Embedding,
    LayerNorm,
    Linear,
    attention,
    gelu,
    merge_heads,
    split_heads,
)


class FlaxBartAttention(nn.Module):
    """Multi-head attention of `x` over `memory` (over itself when they are the same array)."""

    config: BartConfig
    heads: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(
        self,
        x: Array,  # [B, T, D]
        memory: Array,  # [B, S, D]
        mask: Array,  # [B or 1, 1, T or 1, S], True = may look
    ) -> Array:
        width = self.config.d_model
        linear = partial(Linear, width, self.config.use_bias, self.dtype)
        query = linear(name="q_proj")(x) * (width // self.heads) ** -0.5
        key, value = linear(name="k_proj")(memory), linear(name="v_proj")(memory)
        split = partial(split_heads, heads=self.heads)
        return linear(name="out_proj")(
            merge_heads(attention(split(query), split(key), split(value), mask))
        )


class GLU(nn.Module):
    """Feed-forward block whose hidden units are gated by a second product."""

    config: BartConfig
    features: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array) -> Array:
        linear = partial(Linear, use_bias=self.config.use_bias, dtype=self.dtype)
        x = LayerNorm(self.config.force_ln_scale, name="LayerNorm_0")(x)
        gate = gelu(linear(self.features, name="Dense_0")(x))
        x = gate * linear(self.features, name="Dense_1")(x)
        x = LayerNorm(self.config.force_ln_scale, name="LayerNorm_1")(x)
        return linear(self.config.d_model, name="Dense_2")(x)


class EncoderLayer(nn.Module):
    """Self-attention and GLU, each between its norms and added to its input."""

    config: BartConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array, mask: Array) -> Array:
        config = self.config
        normed = LayerNorm(config.force_ln_scale, name="LayerNorm_0")(x)
        attend = FlaxBartAttention(
            config, config.encoder_attention_heads, self.dtype, name="FlaxBartAttention_0"
        )
        x = x + LayerNorm(name="LayerNorm_1")(attend(normed, normed, mask))
        return x + GLU(config, config.encoder_ffn_dim, self.dtype, name="GLU_0")(x)


class DecoderLayer(nn.Module):
    """Causal self-attention, cross-attention and GLU, each added to its input."""

    config: BartConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array, causal: Array, memory: Array, memory_mask: Array) -> Array:
        config, heads = self.config, self.config.decoder_attention_heads
        attend = partial(FlaxBartAttention, config, heads, self.dtype)
        normed = LayerNorm(config.force_ln_scale, name="LayerNorm_0")(x)
        attended = attend(name="FlaxBartAttention_0")(normed, normed, causal)
        x = x + LayerNorm(name="LayerNorm_1")(attended)
        normed = LayerNorm(config.force_ln_scale, name="LayerNorm_2")(x)
        read = attend(name="FlaxBartAttention_1")(normed, memory, memory_mask)
        x = x + LayerNorm(name="LayerNorm_3")(read)
        return x + GLU(config, config.decoder_ffn_dim, self.dtype, name="GLU_0")(x)


class EncoderLayers(nn.Module):
    config: BartConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array, mask: Array) -> Array:
        for layer in range(self.config.encoder_layers):
            x = EncoderLayer(self.config, self.dtype, name=f"FlaxBartEncoderLayer_{layer}")(x, mask)
        return x


class DecoderLayers(nn.Module):
    config: BartConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array, causal: Array, memory: Array, memory_mask: Array) -> Array:
        for layer in range(self.config.decoder_layers):
            name = f"FlaxBartDecoderLayer_{layer}"
            x = DecoderLayer(self.config, self.dtype, name=name)(x, causal, memory, memory_mask)
        return x


def embed(config: BartConfig, rows: int, positions: int, ids: Array) -> Array:
    """Token plus position embeddings, normalized: [B, T] -> [B, T, D]."""
    tokens = Embedding(rows, config.d_model, name="embed_tokens")(ids)
    if config.scale_embedding:
        tokens = tokens * config.d_model**0.5
    places = Embedding(positions, config.d_model, name="embed_positions")(jnp.arange(ids.shape[1]))
    return LayerNorm(name="layernorm_embedding")(tokens + places)


class Encoder(nn.Module):
    """Prompt tokens to memory: [B, S] -> [B, S, D]."""

    config: BartConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, input_ids: Array, attention_mask: Array) -> Array:
        config = self.config
        x = embed(config, config.encoder_vocab_size, config.max_text_length, input_ids)
        mask = attention_mask[:, None, None, :].astype(bool)
        x = EncoderLayers(config, self.dtype, name="layers")(x, mask)
        if config.use_final_ln_encoder:
            x = LayerNorm(config.force_ln_scale, name="final_ln")(x)
        return x


class Decoder(nn.Module):
    """Image tokens and memory to hidden states: [B, T] -> [B, T, D]."""

    config: BartConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, decoder_input_ids: Array, memory: Array, attention_mask: Array) -> Array:
        config, length = self.config, decoder_input_ids.shape[1]
        x = embed(config, config.output_vocab_size, config.image_length, decoder_input_ids)
        causal = jnp.tril(jnp.ones((length, length), bool))[None, None]
        memory_mask = attention_mask[:, None, None, :].astype(bool)
        x = DecoderLayers(config, self.dtype, name="layers")(x, causal, memory, memory_mask)
        if config.use_final_ln_decoder:
            x = LayerNorm(config.force_ln_scale, name="final_ln")(x)
        return x


class EncoderDecoder(nn.Module):
    config: BartConfig
    dtype: jnp.dtype

    def setup(self) -> None:
        self.encoder = Encoder(self.config, self.dtype)
        self.decoder = Decoder(self.config, self.dtype)

    def __call__(self, input_ids: Array, attention_mask: Array, decoder_input_ids: Array) -> Array:
        memory = self.encoder(input_ids, attention_mask)
        return self.decoder(decoder_input_ids, memory, attention_mask)


class BartNetwork(nn.Module):
    """The whole tree as published: `model/{encoder,decoder}` and `lm_head`."""

    config: BartConfig
    dtype: jnp.dtype = jnp.float32

    def setup(self) -> None:
        self.model = EncoderDecoder(self.config, self.dtype)
        self.lm_head = Linear(self.config.output_vocab_size, dtype=self.dtype)

    def __call__(self, input_ids: Array, attention_mask: Array, decoder_input_ids: Array) -> Array:
        return self.lm_head(self.model(input_ids, attention_mask, decoder_input_ids))

    def encode(self, input_ids: Array, attention_mask: Array) -> Array:
        return self.model.encoder(input_ids, attention_mask)


def bart_shapes(config: BartConfig) -> dict[str, Any]:
    """The parameter tree as shapes, without memory."""
    text = jnp.zeros((1, config.max_text_length), jnp.int32)
    image = jnp.zeros((1, config.image_length), jnp.int32)
    thin = replace(config, encoder_layers=1, decoder_layers=1)
    initialise = partial(BartNetwork(thin).init, jax.random.key(0))
    shapes = jax.eval_shape(initialise, text, text, image)["params"]
    for side, count in (("encoder", config.encoder_layers), ("decoder", config.decoder_layers)):
        half = shapes["model"][side]
        half["layers"] = repeat_first(half["layers"], count)
    return shapes


@partial(jax.jit, static_argnames="network")
def _encode(network: BartNetwork, params: dict, input_ids: Array, attention_mask: Array) -> Array:
    return network.apply({"params": params}, input_ids, attention_mask, method="encode")


@partial(jax.jit, static_argnames="network")
def _logits(network: BartNetwork, params: dict, *inputs: Array) -> Array:
    return network.apply({"params": params}, *inputs)


@dataclass(frozen=True)
class Bart:
    """A BART with its parameters, named as published."""

    config: BartConfig
    params: dict[str, Any]
    dtype: jnp.dtype = jnp.float32

    @property
    def network(self) -> BartNetwork:
        return BartNetwork(self.config, self.dtype)

    def encode(self, input_ids: Array, attention_mask: Array) -> Array:
        """Memory for cross-attention, [B, S] -> [B, S, D] float32."""
        return _encode(self.network, self.params, input_ids, attention_mask)

    def logits(self, input_ids: Array, attention_mask: Array, decoder_input_ids: Array) -> Array:
        """Teacher-forced logits, [B, S], [B, S], [B, T] -> [B, T, V] float32."""
        return _logits(self.network, self.params, input_ids, attention_mask, decoder_input_ids)

    def greedy(
        self,
        input_ids: Array,  # [B, S]
        attention_mask: Array,  # [B, S]
        condition_scale: float = 1.0,
        input_ids_uncond: Array | None = None,
        attention_mask_uncond: Array | None = None,
    ) -> Array:
        """The likeliest token at each position, through the cache: -> [B, T] int32.

        With a condition scale other than 1 the unconditional prompts are needed too (ValueError).
        """
        if input_ids_uncond is None or attention_mask_uncond is None:
            if condition_scale != 1.0:
                raise ValueError(
                    f"condition_scale is {condition_scale}, but no unconditional prompt was given; "
                    "pass input_ids_uncond and attention_mask_uncond, or leave the scale at 1."
                )
            input_ids_uncond, attention_mask_uncond = input_ids, attention_mask
        ids = jnp.concatenate([input_ids, input_ids_uncond])
        mask = jnp.concatenate([attention_mask, attention_mask_uncond])
        weights = prepare(self.params, self.config, self.dtype)
        return greedy_decode(weights, self.encode(ids, mask), mask, condition_scale)
