"""The cell tokenizer's decoder: vectors and patches to pixels.

A tokenizer of 24 x 24 pixels a code has far fewer codes than there are different cells. The
neighbours of a code resolve its ambiguity: see `ThingDecoder`.
"""

from functools import partial

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from dalle.models.cells.config import CellTokenizerConfig
from dalle.models.cells.filters import Filter
from dalle.models.cells.finisher import Finisher
from dalle.models.cells.patches import unpatchify
from dalle.models.layers import Embedding, LayerNorm, Linear, gelu

NO_LOOK = 0  # the code of the choice of no look


class Block(nn.Module):
    """A residual block: norm, 3x3 neighbourhood as one product, GELU, 1x1 product."""

    hidden: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array) -> Array:
        width = x.shape[-1]
        normed = LayerNorm(name="norm")(x).astype(self.dtype)
        padded = jnp.pad(normed, ((0, 0), (1, 1), (1, 1), (0, 0)))
        height, length = x.shape[1:3]
        around = jnp.concatenate(
            [padded[:, i : i + height, j : j + length] for i in range(3) for j in range(3)], -1
        )
        linear = partial(Linear, use_bias=True, dtype=self.dtype)
        hidden = linear(self.hidden, name="around", init_std=(9 * width) ** -0.5)(around)
        return x + linear(width, name="out", init_std=0.5 * self.hidden**-0.5)(gelu(hidden))


class ThingDecoder(nn.Module):
    """Corrects the patches of things by their neighbours.

    There are far fewer codes than different cells of things, but the same thing has the same codes
    everywhere: its neighbours tell which of the cells with the same code is meant.
    """

    config: CellTokenizerConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, style: Array, vectors: Array, patches: Array) -> Array:
        """Styles [B], [B, h, w, E] and [B, h, w, cell * cell * 4] -> layer [B, H, W, 4]."""
        config = self.config
        linear = partial(Linear, use_bias=True, dtype=self.dtype)
        x = linear(config.decoder_width, name="in", init_std=config.embed_dim**-0.5)(vectors)
        x = x + Embedding(config.styles, config.decoder_width, name="style")(style)[:, None, None]
        for index in range(config.decoder_blocks):
            x = Block(config.decoder_hidden, self.dtype, name=f"block_{index}")(x)
        x = LayerNorm(name="norm")(x)
        patches = patches + linear(patches.shape[-1], name="out", init_std=1e-3)(x)
        return unpatchify(patches, config.cell)


class CellDecoder(nn.Module):
    """Draws the things and finishes them, tints them, lays them over the ground, gives the look."""

    config: CellTokenizerConfig
    dtype: jnp.dtype

    def setup(self) -> None:
        config = self.config
        self.things = ThingDecoder(config, self.dtype)
        self.dye = Filter(config.tints, config.filter_width)
        self.finish = Filter(config.looks, config.filter_width)
        if config.finisher:
            self.finisher = Finisher(config.finisher)

    def __call__(
        self,
        header: Array,  # [B, 4] int32
        vectors: Array,  # [B, h, w, E]
        patches: Array,  # [B, h, w, cell * cell * 4]
        ground: Array,  # [B, h, w, cell * cell * 3]
    ) -> Array:
        layer = self.things(header[:, 1], vectors, patches)
        return self.compose(header, layer, unpatchify(ground, self.config.cell) - 0.5)

    def finished(
        self,
        header: Array,
        vectors: Array,
        patches: Array,
        ground: Array,  # [B, 2 H, 2 W, 3] around 0: as large as the finished picture
    ) -> Array:
        """The picture with things that are finished first, [B, 2 H, 2 W, 3]."""
        look, style = header[:, 0], header[:, 1]
        layer = self.finisher(self.things(style, vectors, patches), style, look == NO_LOOK)
        return self.compose(header, layer, ground, self.config.scale)

    def compose(self, header: Array, layer: Array, ground: Array, scale: int = 1) -> Array:
        """Things [B, H, W, 4] in their tint, before a ground [B, H, W, 3], in their look."""
        look, _, tint, _ = header.T
        things = self.dye(layer[..., :3], opacity(layer), tint, mean_colour(layer), scale)
        return self.give_look(lay_over(things, opacity(layer), ground), look, scale) + 0.5

    def give_look(self, picture: Array, look: Array, scale: int = 1) -> Array:
        """Pictures [B, H, W, 3] around 0, and a look for each."""
        opaque = jnp.ones_like(picture[..., :1])
        return self.finish(picture, opaque, look, picture.mean((1, 2)), scale)


def opacity(layer: Array) -> Array:
    """[B, H, W, 4] in the form of `to_layer` -> [B, H, W, 1] in 0..1."""
    return jnp.clip(2 * layer[..., 3:], 0, 1)


def mean_colour(layer: Array) -> Array:
    """The mean colour of the opaque part of layers [B, H, W, 4]: [B, 3] around 0."""
    return layer[..., :3].mean((1, 2)) / jnp.maximum(opacity(layer).mean((1, 2)), 1e-3)


def lay_over(things: Array, alpha: Array, ground: Array) -> Array:
    """Things that are as strong as they are opaque, before a ground; all around 0."""
    return things + (1 - alpha) * ground
