"""A small image tokeniser whose encoder sees one cell at a time; the decoder looks around.

A thing has the same codes wherever it stands and whatever is behind it, which is what lets a
small sequence model learn things by their codes. A cell is projected linearly and takes the code
of the nearest centre; the decoder draws all cells together, almost all of it matrix products.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array, lax

from dalle.models.config import CellTokenizerConfig
from dalle.models.layers import Embedding, LayerNorm, Linear, gelu


def to_cells(pixels: Array, cell: int) -> Array:
    """[B, H, W, C] -> [B, H / cell, W / cell, cell * cell * C]."""
    rows, height, width, channels = pixels.shape
    x = pixels.reshape(rows, height // cell, cell, width // cell, cell, channels)
    x = x.transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(rows, height // cell, width // cell, cell * cell * channels)


def from_cells(cells: Array, cell: int) -> Array:
    """[B, h, w, cell * cell * C] -> [B, h * cell, w * cell, C]."""
    rows, height, width, _ = cells.shape
    x = cells.reshape(rows, height, width, cell, cell, -1).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(rows, height * cell, width * cell, -1)


class Block(nn.Module):
    """A residual block: norm, 3x3 neighbourhood as one product, GELU, 1x1 product."""

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
        linear = partial(Linear, width, use_bias=True, dtype=self.dtype)
        hidden = gelu(linear(name="around", init_std=(9 * width) ** -0.5)(around))
        return x + linear(name="out", init_std=0.5 * width**-0.5)(hidden)


class CellEncoder(nn.Module):
    """[B, H, W, 3] in 0..1 -> one vector a cell, [B, h, w, E]; always in float32."""

    config: CellTokenizerConfig

    @nn.compact
    def __call__(self, pixels: Array) -> Array:
        cells = to_cells(pixels, self.config.cell)
        return Linear(self.config.embed_dim, use_bias=True, name="project")(cells)


class CellDecoder(nn.Module):
    """Code vectors [B, h, w, E] -> pixels [B, H, W, 3], about 0..1, unclipped."""

    config: CellTokenizerConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, vectors: Array) -> Array:
        config = self.config
        linear = partial(Linear, use_bias=True, dtype=self.dtype)
        x = linear(config.decoder_width, name="in", init_std=config.embed_dim**-0.5)(vectors)
        for index in range(config.decoder_blocks):
            x = Block(self.dtype, name=f"block_{index}")(x)
        finer = config.refinement**2 * config.refiner_width
        x = linear(finer, name="refine", init_std=config.decoder_width**-0.5)(x)
        x = from_cells(x, config.refinement)
        for index in range(config.refiner_blocks):
            x = Block(self.dtype, name=f"refiner_{index}")(x)
        x = LayerNorm(name="norm")(x)
        patch = config.cell // config.refinement
        x = linear(patch * patch * 3, name="out")(x)
        return from_cells(x, patch) + 0.5


class CellNetwork(nn.Module):
    """The whole tree: `encoder`, `quantize` (the codebook) and `decoder`."""

    config: CellTokenizerConfig
    dtype: jnp.dtype = jnp.float32

    def setup(self) -> None:
        self.encoder = CellEncoder(self.config)
        self.quantize = Embedding(self.config.n_embed, self.config.embed_dim)
        self.decoder = CellDecoder(self.config, self.dtype)

    def __call__(self, pixels: Array) -> Array:
        return self.decode(self.encode(pixels))

    def encode(self, pixels: Array) -> Array:
        centres = self.quantize(jnp.arange(self.config.n_embed))
        codes = nearest(self.encoder(pixels), centres)
        return codes.reshape(len(codes), -1)

    def decode(self, codes: Array) -> Array:
        grid = self.config.grid
        return self.decoder(self.quantize(codes.reshape(len(codes), grid, grid)))


def nearest(vectors: Array, centres: Array) -> Array:
    """The centre at the least distance: [..., E] with [V, E] -> [...] int32."""
    likeness = jnp.dot(vectors, centres.T, precision=lax.Precision.HIGHEST)
    return (likeness - jnp.square(centres).sum(-1) / 2).argmax(-1).astype(jnp.int32)


def cell_shapes(config: CellTokenizerConfig) -> dict[str, Any]:
    """The parameter tree as shapes, without memory."""
    pixels = jnp.zeros((1, config.resolution, config.resolution, 3))
    return jax.eval_shape(CellNetwork(config).init, jax.random.key(0), pixels)["params"]


@partial(jax.jit, static_argnames=("network", "method"))
def _apply(network: CellNetwork, params: dict, inputs: Array, method: str) -> Array:
    return network.apply({"params": params}, inputs, method=method)


@dataclass(frozen=True)
class CellTokenizer:
    """A cell tokeniser with its parameters; the same doors as the published VQGAN's."""

    config: CellTokenizerConfig
    params: dict[str, Any]
    dtype: jnp.dtype = jnp.float32

    @property
    def num_codes(self) -> int:
        return self.config.n_embed

    @property
    def grid(self) -> int:
        return self.config.grid

    @property
    def resolution(self) -> int:
        return self.config.resolution

    @property
    def network(self) -> CellNetwork:
        return CellNetwork(self.config, self.dtype)

    def encode(self, pixels: Array) -> Array:
        """Codes of pictures, [B, H, W, 3] in 0..1 -> [B, T] int32."""
        return _apply(self.network, self.params, pixels, "encode")

    def decode(self, codes: Array) -> Array:
        """Pictures of codes, [B, T] -> [B, H, W, 3] float32, about 0..1, unclipped."""
        return _apply(self.network, self.params, codes, "decode")
