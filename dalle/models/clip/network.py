"""CLIP: how well a picture and a text fit.

"Learning Transferable Visual Models From Natural Language Supervision" (Radford et al.,
arxiv.org/abs/2103.00020). Parameter names are those of Flax classes in transformers up to version 4
(github.com/huggingface/transformers).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from PIL import Image

from dalle.models.checkpoints.stacking import repeat_first
from dalle.models.clip.config import ClipConfig, ClipTextConfig, ClipTowerConfig, ClipVisionConfig
from dalle.models.clip.preprocess import ClipPreprocessing
from dalle.models.convolutions.conv import Conv
from dalle.models.layers import (
    Embedding,
    LayerNorm,
    Linear,
    attention,
    gelu,
    merge_heads,
    prepare_params,
    split_heads,
)


def quick_gelu(x: Array) -> Array:
    return x * nn.sigmoid(1.702 * x)


ACTIVATIONS = {"quick_gelu": quick_gelu, "gelu": gelu}


class SelfAttention(nn.Module):
    """Each position looks at those that `mask` shows it."""

    config: ClipTowerConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array, mask: Array) -> Array:
        heads, width = self.config.num_attention_heads, self.config.hidden_size
        query, key, value = (
            split_heads(Linear(width, use_bias=True, dtype=self.dtype, name=name)(x), heads)
            for name in ("q_proj", "k_proj", "v_proj")
        )
        mixed = merge_heads(attention(query * (width // heads) ** -0.5, key, value, mask))
        return Linear(width, use_bias=True, dtype=self.dtype, name="out_proj")(mixed)


class FeedForward(nn.Module):
    """Two products with an activation between them."""

    config: ClipTowerConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array) -> Array:
        config = self.config
        x = Linear(config.intermediate_size, use_bias=True, dtype=self.dtype, name="fc1")(x)
        x = ACTIVATIONS[config.hidden_act](x)
        return Linear(config.hidden_size, use_bias=True, dtype=self.dtype, name="fc2")(x)


class Layer(nn.Module):
    """Attention, then the feed-forward product, each normed before and added after."""

    config: ClipTowerConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array, mask: Array) -> Array:
        epsilon = self.config.layer_norm_eps
        normed = LayerNorm(epsilon=epsilon, name="layer_norm1")(x)
        x = x + SelfAttention(self.config, self.dtype, name="self_attn")(normed, mask)
        normed = LayerNorm(epsilon=epsilon, name="layer_norm2")(x)
        return x + FeedForward(self.config, self.dtype, name="mlp")(normed)


class Layers(nn.Module):
    """The layers, named by their numbers."""

    config: ClipTowerConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array, mask: Array) -> Array:
        for i in range(self.config.num_hidden_layers):
            x = Layer(self.config, self.dtype, name=str(i))(x, mask)
        return x


class Encoder(nn.Module):
    """The layers, one name deeper, as published."""

    config: ClipTowerConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array, mask: Array) -> Array:
        return Layers(self.config, self.dtype, name="layers")(x, mask)


class TextEmbeddings(nn.Module):
    """Each token with its position."""

    config: ClipTextConfig

    @nn.compact
    def __call__(self, input_ids: Array) -> Array:
        config, width = self.config, self.config.hidden_size
        tokens = Embedding(config.vocab_size, width, name="token_embedding")
        places = Embedding(config.max_position_embeddings, width, name="position_embedding")
        return tokens(input_ids) + places(jnp.arange(input_ids.shape[1])[None])


class TextModel(nn.Module):
    """[B, S] -> [B, D], read at the token that ends the text."""

    config: ClipTextConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, input_ids: Array, attention_mask: Array) -> Array:
        config = self.config
        length = input_ids.shape[1]
        mask = jnp.tril(jnp.ones((length, length), bool)) & attention_mask[:, None, None, :]
        x = TextEmbeddings(config, name="embeddings")(input_ids)
        x = Encoder(config, self.dtype, name="encoder")(x, mask)
        x = LayerNorm(epsilon=config.layer_norm_eps, name="final_layer_norm")(x)
        # 2 is a mistake in OpenAI's own files (their token is 49407), and means the greatest id.
        ends = input_ids if config.eos_token_id == 2 else input_ids == config.eos_token_id
        return x[jnp.arange(len(x)), jnp.argmax(ends, axis=1)]


class VisionEmbeddings(nn.Module):
    """The class token, then the patches row by row, each with its position."""

    config: ClipVisionConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, pixel_values: Array) -> Array:
        width, size = self.config.hidden_size, self.config.patch_size
        patches = Conv(
            width,
            size=size,
            stride=size,
            padding=(0, 0),
            use_bias=False,
            dtype=self.dtype,
            name="patch_embedding",
        )(pixel_values)
        patches = patches.reshape(len(patches), -1, width)
        token = self.param("class_embedding", nn.initializers.normal(0.02), (width,))
        token = jnp.broadcast_to(token, (len(patches), 1, width))
        x = jnp.concatenate([token, patches], axis=1)
        places = Embedding(x.shape[1], width, name="position_embedding")
        return x + places(jnp.arange(x.shape[1])[None])


class VisionModel(nn.Module):
    """[B, H, W, 3] -> [B, D], read at the class token."""

    config: ClipVisionConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, pixel_values: Array) -> Array:
        epsilon = self.config.layer_norm_eps
        x = VisionEmbeddings(self.config, self.dtype, name="embeddings")(pixel_values)
        x = LayerNorm(epsilon=epsilon, name="pre_layrnorm")(x)  # spelt so in the published files
        everything = jnp.ones((1, 1, 1, 1), bool)
        x = Encoder(self.config, self.dtype, name="encoder")(x, everything)
        return LayerNorm(epsilon=epsilon, name="post_layernorm")(x[:, 0])


class ClipModule(nn.Module):
    """The network; the call is for training, and visits every parameter."""

    config: ClipConfig
    dtype: jnp.dtype = jnp.float32

    def setup(self) -> None:
        self.text_model = TextModel(self.config.text_config, self.dtype)
        self.vision_model = VisionModel(self.config.vision_config, self.dtype)
        self.text_projection = Linear(self.config.projection_dim, dtype=self.dtype)
        self.visual_projection = Linear(self.config.projection_dim, dtype=self.dtype)
        # ln(1 / 0.07), where the original's training starts.
        self.logit_scale = self.param("logit_scale", nn.initializers.constant(2.6592), ())

    def __call__(self, pixel_values: Array, input_ids: Array, attention_mask: Array) -> Array:
        return self.similarity(
            self.embed_images(pixel_values), self.embed_text(input_ids, attention_mask)
        )

    def embed_images(self, pixel_values: Array) -> Array:
        return to_unit(self.visual_projection(self.vision_model(pixel_values)))

    def embed_text(self, input_ids: Array, attention_mask: Array) -> Array:
        return to_unit(self.text_projection(self.text_model(input_ids, attention_mask)))

    def similarity(self, images: Array, texts: Array) -> Array:
        cosines = jnp.dot(images, texts.T, precision=lax.Precision.HIGHEST)
        return jnp.exp(self.logit_scale) * cosines


def to_unit(x: Array) -> Array:
    return x / jnp.linalg.norm(x, axis=-1, keepdims=True)


def clip_shapes(config: ClipConfig) -> dict:
    """The parameters' names and shapes, as published: a tree of jax.ShapeDtypeStruct."""
    size = config.vision_config.image_size
    pixel_values = jax.ShapeDtypeStruct((1, size, size, 3), jnp.float32)
    input_ids = jax.ShapeDtypeStruct((1, config.text_config.max_position_embeddings), jnp.int32)
    attention_mask = jax.ShapeDtypeStruct(input_ids.shape, bool)
    inputs = pixel_values, input_ids, attention_mask
    towers = {"text_model": config.text_config, "vision_model": config.vision_config}
    thin = replace(
        config,
        text_config=replace(config.text_config, num_hidden_layers=1),
        vision_config=replace(config.vision_config, num_hidden_layers=1),
    )
    shapes = jax.eval_shape(ClipModule(thin).init, jax.random.key(0), *inputs)["params"]
    for name, tower in towers.items():
        encoder = shapes[name]["encoder"]
        encoder["layers"] = repeat_first(encoder["layers"], tower.num_hidden_layers)
    return shapes


@partial(jax.jit, static_argnames=("config", "dtype", "method"))
def _apply(
    config: ClipConfig, dtype: jnp.dtype, method: str, params: dict, *inputs: Array
) -> Array:
    return ClipModule(config, dtype).apply({"params": params}, *inputs, method=method)


@dataclass(frozen=True, eq=False)
class Clip:
    """A CLIP ready to run: its geometry, its weights, the dtype of its products."""

    config: ClipConfig
    params: dict
    dtype: jnp.dtype
    preprocessing: ClipPreprocessing

    @classmethod
    def from_params(
        cls,
        config: ClipConfig,
        params: dict,
        dtype: jnp.dtype = jnp.float32,
        preprocessor: dict | None = None,
    ) -> "Clip":
        """From a tree with the published names, and the content of preprocessor_config.json."""
        size = config.vision_config.image_size
        preprocessing = ClipPreprocessing.from_json(preprocessor or {}, size)
        return cls(config, prepare_params(params, dtype), dtype, preprocessing)

    def preprocess(self, pictures: Sequence[Image.Image]) -> np.ndarray:
        """Pictures of any size -> pixel_values [B, H, W, 3] float32, as at training."""
        return self.preprocessing(pictures)

    def embed_images(self, pixel_values: Array) -> Array:
        """Preprocessed pictures [B, H, W, 3] -> unit vectors [B, E] float32."""
        size = self.config.vision_config.image_size
        if pixel_values.ndim != 4 or pixel_values.shape[1:] != (size, size, 3):
            raise ValueError(
                f"pixel_values has shape {pixel_values.shape}; it must be [B, {size}, {size}, 3]. "
                "Use preprocess"
            )
        pixel_values = jnp.asarray(pixel_values, jnp.float32)
        return _apply(self.config, self.dtype, "embed_images", self.params, pixel_values)

    def embed_text(self, input_ids: Array, attention_mask: Array) -> Array:
        """Tokens [B, S] and which of them count [B, S] -> unit vectors [B, E] float32."""
        longest = self.config.text_config.max_position_embeddings
        if input_ids.ndim != 2 or input_ids.shape[1] > longest:
            raise ValueError(
                f"input_ids has shape {input_ids.shape}; it must be [B, S] with S at most "
                f"{longest}. Cut the text, and keep its last token"
            )
        ids, mask = jnp.asarray(input_ids, jnp.int32), jnp.asarray(attention_mask, bool)
        return _apply(self.config, self.dtype, "embed_text", self.params, ids, mask)

    def similarity(self, images: Array, texts: Array) -> Array:
        """Unit vectors [N, E], [B, E] -> scaled cosines [N, B], the original's logits_per_image."""
        return _apply(self.config, self.dtype, "similarity", self.params, images, texts)
