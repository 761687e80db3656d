"""Finishes drawn things: cells run into each other, muddy edges clear up, then twice the pixels.

Small squares of pixels are taken for channels, so that the convolutions are few and their products
wide: fast on a processor. The network predicts the missing detail.
"""

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from dalle.models.cells.config import GROUND_TILE, CellTokenizerConfig, FinisherConfig
from dalle.models.cells.crisp import enlarge
from dalle.models.cells.joining import join_cells
from dalle.models.cells.patches import patchify, unpatchify
from dalle.models.cells.windows import convolve_windows
from dalle.models.layers import Embedding

PLACE = 4  # pixels a side of one place of the convolutions


class WindowConv(nn.Module):
    """A convolution of 3 x 3 places [B, H, W, C] with its kernel as one matrix."""

    features: int
    gain: float = 1.0

    @nn.compact
    def __call__(self, x: Array) -> Array:
        inputs = 9 * x.shape[-1]
        init = nn.initializers.normal(self.gain * inputs**-0.5)
        kernel = self.param("kernel", init, (inputs, self.features))
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        return convolve_windows(x, kernel.reshape(3, 3, x.shape[-1], self.features)) + bias


class Finisher(nn.Module):
    """Layers [B, H, W, 4], the style of each, and whether it is plain -> [B, 2 H, 2 W, 4]."""

    config: FinisherConfig

    def setup(self) -> None:
        config = self.config
        places = config.cell // PLACE
        self.read = WindowConv(config.width, gain=2.0)
        # Where in its cell a place is: only so can it tell a border from an edge.
        self.place = self.param(
            "place", nn.initializers.normal(0.1), (places, places, config.width)
        )
        self.style = Embedding(config.styles, config.width, 0.1)
        self.blocks = [WindowConv(config.width) for _ in range(config.blocks)]
        self.write = nn.Dense(PLACE**2 * 4, kernel_init=nn.initializers.normal(1e-3))

    def __call__(self, layer: Array, style: Array, plain: Array) -> Array:
        cell = self.config.cell
        # Once more, since clearing leaves new borders.
        return enlarge(join_cells(self.clear(join_cells(layer, cell), style), cell), plain)

    def clear(self, joined: Array, style: Array) -> Array:
        """Joined layers as they should be, [B, H, W, 4]."""
        x = self.read(patchify(joined, PLACE))
        down, right = (size // len(self.place) for size in x.shape[1:3])
        x = x + jnp.tile(self.place, (down, right, 1)) + self.style(style)[:, None, None]
        for block in self.blocks:
            x = x + block(nn.relu(x))
        return joined + unpatchify(self.write(nn.relu(x)), PLACE)


class FinishedGrounds(nn.Module):
    """Grounds as large as finished pictures, each put together from tiles that all share."""

    config: CellTokenizerConfig

    def setup(self) -> None:
        config = self.config
        shape = config.grounds, (config.finished // GROUND_TILE) ** 2
        self.tiles = self.param("tiles", nn.initializers.zeros, shape)  # whole numbers
        self.embedding = Embedding(config.ground_tiles, 3 * GROUND_TILE**2)

    def __call__(self, ground: Array) -> Array:
        """Grounds [B] -> pictures [B, H, W, 3] around 0."""
        side = self.config.finished // GROUND_TILE
        tiles = jnp.round(self.tiles[ground]).astype(jnp.int32)
        return unpatchify(self.embedding(tiles.reshape(-1, side, side)), GROUND_TILE)
