"""A small image tokenizer: four codes describe the whole picture, then one code each cell.

The four are the look, the drawing style, the tint of the things and the ground behind them. A
cell's code stands for its content, transparent where there is none. So a thing has the same codes
in every place, on every ground and in every look. This lets a small sequence model learn many
things, and combine them in new ways.

The decoder draws things from the cells' codes, tints them, lays them over the ground and gives the
picture its look. The encoder reads the four choices off the whole picture; then it compares each
cell with the same cell of the empty ground. Almost all of it is matrix products.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from dalle.models.cells.config import CellTokenizerConfig
from dalle.models.cells.decoder import CellDecoder
from dalle.models.cells.finisher import FinishedGrounds
from dalle.models.cells.patches import patchify, unpatchify
from dalle.models.hardware import dtype_beside
from dalle.models.image_tokenizer import TokenLayout
from dalle.models.layers import Embedding, Linear, gelu

BLANK = 0  # the code of a cell that nothing stands in
SAMPLED = 4  # one pixel of SAMPLED a side is compared with the grounds
AGREES = 0.04  # of 0..1, in every channel
SEEN, WHOLE = 0.25, 0.95  # shares of the picture


def to_layer(things: Array) -> Array:
    """RGBA in 0..1 -> colour around grey times opacity, and half the opacity; any shape [..., 4].

    Distances in this form follow visible differences on any ground.
    """
    alpha = things[..., 3:]
    return jnp.concatenate([alpha * (things[..., :3] - 0.5), 0.5 * alpha], -1)


class CellCodes(nn.Module):
    """The codebook: vectors of cells, and the principal patches that make them."""

    config: CellTokenizerConfig

    def setup(self) -> None:
        config, area = self.config, self.config.cell**2
        self.embedding = Embedding(config.n_embed, config.embed_dim)
        self.patches = Linear(4 * area, use_bias=True)
        self.ground_embedding = Embedding(config.grounds, config.grid**2 * config.ground_dim)
        self.ground_patches = Linear(3 * area, use_bias=True)

    def __call__(self, cells: Array, ground: Array) -> tuple[Array, Array, Array]:
        """Cell codes [B, h, w] and grounds [B] -> vectors, patches of things, patches of ground."""
        vectors = self.embedding(cells)
        behind = self.ground_embedding(ground).reshape(*cells.shape, self.config.ground_dim)
        return vectors, self.patches(vectors), self.ground_patches(behind)


class CellReader(nn.Module):
    """The encoder: the four choices from the whole picture, then each cell beside its ground."""

    config: CellTokenizerConfig
    dtype: jnp.dtype

    def setup(self) -> None:
        width = self.config.reader_width
        linear = partial(Linear, use_bias=True, dtype=self.dtype)
        self.whole = linear(width)
        self.whole_mix = linear(width)
        self.choices = linear(sum(self.config.header))
        self.looks = Embedding(self.config.looks, width)
        self.tints = Embedding(self.config.tints, width)
        self.cell = linear(width)
        self.cell_mix = linear(width)
        self.vectors = linear(self.config.embed_dim)

    def read_choices(self, pixels: Array) -> Array:
        """Pictures [B, H, W, 3] -> a logit for every code of the four choices, [B, sum]."""
        side = self.config.cell // 2
        blocks = patchify(pixels - 0.5, side)
        blocks = blocks.reshape(*blocks.shape[:3], side**2, 3)
        coarse = jnp.concatenate([blocks.mean(3), 3 * blocks.std(3)], -1)
        x = gelu(self.whole(4 * coarse.reshape(len(pixels), -1)))
        return self.choices(gelu(self.whole_mix(x)))

    def read_cells(self, pixels: Array, empty: Array, header: Array) -> Array:
        """Pictures and their empty grounds [B, H, W, 3] -> a vector a cell, [B, h, w, E]."""
        both = [patchify(x - 0.5, self.config.cell) for x in (pixels, empty)]
        manner = self.looks(header[:, 0]) + self.tints(header[:, 2])
        x = gelu(self.cell(4 * jnp.concatenate(both, -1)) + manner[:, None, None])
        return self.vectors(gelu(self.cell_mix(x)))


class CellNetwork(nn.Module):
    """The whole tree: `codes`, `decoder`, `reader`, and `grounds` where pictures are finished."""

    config: CellTokenizerConfig
    dtype: jnp.dtype = jnp.float32

    def setup(self) -> None:
        self.codes = CellCodes(self.config)
        self.decoder = CellDecoder(self.config, self.dtype)
        if self.config.finisher:
            self.grounds = FinishedGrounds(self.config)
        # The codes that it reads must not depend on the decoder's precision.
        self.reader = CellReader(self.config, jnp.float32)

    def __call__(self, pixels: Array) -> Array:
        return self.decode(self.encode(pixels))

    def split(self, codes: Array) -> tuple[Array, Array]:
        """Codes [B, T] -> header [B, 4] and cells [B, h, w], each counted from 0.

        A code that means nothing in its place is taken for the nearest that does.
        """
        config = self.config
        first, last = np.array(config.header_starts), np.array(config.header) - 1
        header = jnp.clip(codes[:, :4] - first, 0, last)
        cells = jnp.where(codes[:, 4:] < config.n_embed, codes[:, 4:], BLANK)
        return header, cells.reshape(len(codes), config.grid, config.grid)

    def join(self, header: Array, cells: Array) -> Array:
        """The reverse of `split`: [B, T] int32."""
        first = np.array(self.config.header_starts)
        return jnp.concatenate([header + first, cells.reshape(len(cells), -1)], -1)

    def decode(self, codes: Array) -> Array:
        if not self.config.finisher:
            return self.decode_small(codes)
        header, cells = self.split(codes)
        vectors, patches, _ = self.codes(cells, header[:, 3])
        return self.decoder.finished(header, vectors, patches, self.grounds(header[:, 3]))

    def decode_small(self, codes: Array) -> Array:
        """Pictures that are not finished, [B, T] -> [B, H, W, 3]."""
        header, cells = self.split(codes)
        return self.decoder(header, *self.codes(cells, header[:, 3]))

    def decode_things(self, codes: Array) -> Array:
        """The things alone, in the form of `to_layer`: [B, T] -> [B, H, W, 4]."""
        header, cells = self.split(codes)
        vectors, patches, _ = self.codes(cells, header[:, 3])
        return self.decoder.things(header[:, 1], vectors, patches)

    def encode(self, pixels: Array) -> Array:
        config = self.config
        parts = jnp.split(
            self.reader.read_choices(pixels), np.cumsum(config.header)[:-1].tolist(), -1
        )
        header = jnp.stack([part.argmax(-1) for part in parts], -1).astype(jnp.int32)
        header = self.correct_ground(pixels, header)
        vectors = self.reader.read_cells(pixels, self.empty(header), header)
        return self.join(header, self.nearest(vectors))

    def correct_ground(self, pixels: Array, header: Array) -> Array:
        """The header [B, 4] with the ground that most pixels agree with, where one is to be seen.

        In a look the grounds are not known by their pixels: there the encoder is believed, unless
        the whole picture is a ground as drawn.
        """
        config = self.config
        every = jnp.zeros((config.grounds, config.grid, config.grid), jnp.int32)
        ground = self.codes(every, jnp.arange(config.grounds))[2]
        ground = unpatchify(ground, config.cell)[:, ::SAMPLED, ::SAMPLED]  # [grounds, h, w, 3]
        sampled = pixels[:, ::SAMPLED, ::SAMPLED]
        agree = lax.map(
            lambda one: (jnp.abs(ground - one).max(-1) < AGREES).mean((1, 2)), sampled
        )  # [B, grounds]
        share, best = agree.max(-1), agree.argmax(-1).astype(header.dtype)
        look = jnp.where(share > WHOLE, 0, header[:, 0])
        ground = jnp.where((look == 0) & (share > SEEN), best, header[:, 3])
        return jnp.stack([look, header[:, 1], header[:, 2], ground], -1)

    def encode_layers(self, things: Array, header: Array) -> Array:
        """Codes of pictures whose making is known: RGBA [B, H, W, 4] in 0..1, [B, 4] -> [B, T]."""
        opacity = patchify(things[..., 3:], self.config.cell)
        # Other codes are nearly blank too: by rounding, one of them may be the nearest.
        stands = opacity.any(-1)
        cells = jnp.where(stands, self.nearest(self.vectors_of(things)), BLANK)
        return self.join(header, cells)

    def vectors_of(self, things: Array) -> Array:
        """RGBA [B, H, W, 4] in 0..1 -> one vector a cell, [B, h, w, E]."""
        patches = self.codes.patches.variables["params"]
        layer = patchify(to_layer(things), self.config.cell) - patches["bias"]
        # The patches are orthonormal, so that their transpose takes a cell apart.
        return jnp.dot(layer, patches["kernel"].T, precision=lax.Precision.HIGHEST)

    def empty(self, header: Array) -> Array:
        """The picture without any things: [B, 4] -> [B, H, W, 3]."""
        cells = jnp.full((len(header), self.config.grid, self.config.grid), BLANK)
        return self.decoder(header, *self.codes(cells, header[:, 3]))

    def nearest(self, vectors: Array) -> Array:
        centres = self.codes.embedding(jnp.arange(self.config.n_embed))
        return nearest(vectors, centres)


def nearest(vectors: Array, centres: Array) -> Array:
    """The centre at the least distance: [..., E] with [codes, E] -> [...] int32."""
    likeness = jnp.dot(vectors, centres.T, precision=lax.Precision.HIGHEST)
    return (likeness - jnp.square(centres).sum(-1) / 2).argmax(-1).astype(jnp.int32)


def cell_shapes(config: CellTokenizerConfig) -> dict[str, Any]:
    """The parameter tree as shapes, without memory."""
    pixels = jnp.zeros((1, config.resolution, config.resolution, 3))
    return jax.eval_shape(CellNetwork(config).init, jax.random.key(0), pixels)["params"]


@partial(jax.jit, static_argnames=("network", "method"))
def _apply(network: CellNetwork, params: dict, *inputs: Array, method: str) -> Array:
    return network.apply({"params": params}, *inputs, method=method)


@dataclass(frozen=True)
class CellTokenizer:
    """A cell tokenizer with its parameters; the same doors as the published VQGAN's."""

    Config = CellTokenizerConfig
    KNOWN_DRAWINGS = True
    LANE_ROWS = 1  # one large picture fits into a core's cache
    shapes = staticmethod(cell_shapes)

    config: CellTokenizerConfig
    params: dict[str, Any]
    dtype: jnp.dtype = jnp.float32

    @classmethod
    def from_params(
        cls, config: CellTokenizerConfig, params: dict[str, Any], dtype: jnp.dtype = jnp.float32
    ) -> "CellTokenizer":
        """From a tree with our names; int8 stands for the dtype of the other products here."""
        return cls(config, params, dtype_beside(dtype))

    @property
    def num_codes(self) -> int:
        return self.config.num_codes

    @property
    def layout(self) -> TokenLayout:
        """The four choices come first; BLANK is the code of an empty cell."""
        config = self.config
        return TokenLayout(overview=len(config.header), cells=config.n_embed, blank=BLANK)

    @property
    def length(self) -> int:
        return self.config.length

    @property
    def resolution(self) -> int:
        """Pixels a side of a decoded picture."""
        return self.config.finished

    @property
    def network(self) -> CellNetwork:
        return CellNetwork(self.config, self.dtype)

    def fill(self, codes: np.ndarray) -> np.ndarray:
        """Codes so far, [B, t] -> [B, T]: cells without a code yet are empty."""
        empty = np.concatenate([self.config.header_starts, np.full(self.config.grid**2, BLANK)])
        missing = np.tile(empty[codes.shape[1] :], (len(codes), 1))
        return np.concatenate([codes, missing], 1).astype(codes.dtype)

    def rows_known(self, sampled: int) -> int:
        """Rows of pixels that the codes determine: all, since the ground is sampled first."""
        return self.resolution

    def encode(self, pixels: Array) -> Array:
        """Codes of pictures, [B, H, W, 3] in 0..1 -> [B, T] int32."""
        return _apply(self.network, self.params, pixels, method="encode")

    def encode_layers(self, things: Array, header: Array) -> Array:
        """Codes of things [B, H, W, 4] in 0..1 and choices [B, 4] int32 -> [B, T] int32."""
        return _apply(self.network, self.params, things, header, method="encode_layers")

    def decode(self, codes: Array) -> Array:
        """Pictures of codes, [B, T] -> [B, H, W, 3] float32, about 0..1, unclipped."""
        return _apply(self.network, self.params, codes, method="decode")

    def decode_small(self, codes: Array) -> Array:
        """As `decode` but sooner: pictures before they are finished, with fewer pixels."""
        return _apply(self.network, self.params, codes, method="decode_small")
