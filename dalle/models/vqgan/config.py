"""The VQGAN's geometry, read from its published config.json."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from dalle.errors import CheckpointError
from dalle.models.hardware import dtype_beside
from dalle.models.published_config import (
    Layers,
    Length,
    Size,
    read_fields,
    refuse_others,
    require_multiple,
)

FLOAT32 = 4  # bytes


@dataclass(frozen=True)
class VqganConfig:
    """The image tokenizer: pictures to a grid of codes, and back.

    Source: VQGANConfig of github.com/patil-suraj/vqgan-jax.
    """

    resolution: Length
    ch: Size
    ch_mult: tuple[Size, ...]
    num_res_blocks: Layers
    attn_resolutions: tuple[Length, ...]
    z_channels: Size
    embed_dim: Size
    n_embed: Size

    READERS = ("encoder", "quant_conv")
    NORM_GROUPS = 32  # groups of channels that are normalized together
    SUPPORTED = {
        "in_channels": 3,
        "out_ch": 3,
        "double_z": False,
        "give_pre_end": False,
        "resamp_with_conv": True,
    }

    @classmethod
    def from_json(cls, published: dict[str, Any]) -> Self:
        refuse_others(published, cls.SUPPORTED)
        config = cls(**read_fields(cls, published))
        if not config.ch_mult:
            raise CheckpointError("config.json sets ch_mult to []; it must have an entry a level.")
        refuse_others(published, {"num_resolutions": len(config.ch_mult)})
        for width in config.widths:
            require_multiple("ch * ch_mult", width, "groups of a norm,", cls.NORM_GROUPS)
        require_multiple("resolution", config.resolution, "downsampling", config.downsampling)
        return config

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels per level, from the picture's resolution down to the codes'."""
        return tuple(self.ch * factor for factor in self.ch_mult)

    @property
    def downsampling(self) -> int:
        """Pixels per code, along one side."""
        return 2 ** (len(self.ch_mult) - 1)

    @property
    def grid(self) -> int:
        """Codes along one side of the picture."""
        return self.resolution // self.downsampling

    @property
    def finished(self) -> int:
        """Pixels along one side of the picture."""
        return self.resolution

    def summary(self) -> str:
        return (
            f"VQGAN, {self.grid} x {self.grid} of {self.n_embed:,} codes "
            f"to {self.resolution} x {self.resolution} pixels"
        )

    def kernel_dtype(self, products: np.dtype) -> np.dtype:
        """int8 kernels are rounded when they are used, from those of the other products."""
        return dtype_beside(products)

    def decoding_bytes(self, pictures: int, products: np.dtype) -> int:
        """N H W ch x 4, three of them; more where convolutions are products of strips."""
        arrays = {"bfloat16": 6, "int8": 8}.get(np.dtype(products).name, 3)
        return arrays * pictures * self.resolution**2 * self.widths[0] * FLOAT32
