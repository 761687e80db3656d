"""The geometry of the embedded model's image tokenizer, read from its config.json."""

import dataclasses
from dataclasses import dataclass
from itertools import accumulate
from typing import Annotated, Any, Self

import numpy as np

from dalle.models.published_config import (
    Between,
    Layers,
    Length,
    Size,
    read,
    read_fields,
    refuse_others,
    require_multiple,
)

FLOAT32 = 4  # bytes
FILTER_BLOCK = 4  # pixels a side of the blocks whose means its filters know
GROUND_TILE = 16  # pixels a side of the tiles of finished grounds
SCALE = 2  # finished pixels a side for each decoded one
# Sizes of the finisher; 0 in a tokenizer without one.
Optional = Annotated[int, Between(0, 4096)]
FINISHER = ("finisher_width", "finisher_blocks", "ground_tiles")


@dataclass(frozen=True)
class FinisherConfig:
    """The sizes of the finisher."""

    width: int  # of the convolutions
    blocks: int
    cell: int  # pixels a side of the cells that the things were drawn in
    styles: int


@dataclass(frozen=True)
class CellTokenizerConfig:
    """The embedded model's image tokenizer: four codes for the whole picture, then one a cell."""

    resolution: Length  # pixels a side, before a picture is finished
    cell: Length  # pixels a side of one cell
    n_embed: Size  # codes of cells
    embed_dim: Size  # size of a cell code's vector
    looks: Size  # codes of each choice for the whole picture
    styles: Size
    tints: Size
    grounds: Size
    ground_dim: Size  # size of a ground's vector for each cell
    decoder_width: Size
    decoder_hidden: Size
    decoder_blocks: Layers
    filter_width: Size  # of the filters for tints and looks
    reader_width: Size  # of the encoder
    finisher_width: Optional = 0
    finisher_blocks: Optional = 0
    ground_tiles: Optional = 0  # different squares that grounds of finished pictures are made of

    MODEL_TYPE = "cell_tokenizer"
    READERS = ("reader",)

    @classmethod
    def from_json(cls, published: dict[str, Any]) -> Self:
        refuse_others(published, {"model_type": cls.MODEL_TYPE})
        config = cls(**read_fields(cls, dict.fromkeys(FINISHER, 0) | published))
        require_multiple("resolution", config.resolution, "cell", config.cell)
        require_multiple("cell", config.cell, "the filter's block", FILTER_BLOCK)
        if config.finisher:
            for name in FINISHER:
                read(name, getattr(config, name), Size)
            require_multiple("finished picture", config.finished, "a ground's tile", GROUND_TILE)
        return config

    def to_json(self) -> dict[str, Any]:
        return {"model_type": self.MODEL_TYPE} | dataclasses.asdict(self)

    @property
    def finisher(self) -> FinisherConfig | None:
        """The sizes of the finisher; None where there is none."""
        if not self.finisher_width:
            return None
        return FinisherConfig(self.finisher_width, self.finisher_blocks, self.cell, self.styles)

    @property
    def scale(self) -> int:
        """The factor from a decoded picture's side to a finished one's."""
        return SCALE if self.finisher else 1

    @property
    def finished(self) -> int:
        """Pixels a side of a finished picture."""
        return self.scale * self.resolution

    @property
    def grid(self) -> int:
        """Cells a side."""
        return self.resolution // self.cell

    @property
    def header(self) -> tuple[int, int, int, int]:
        """How many codes there are for each choice, in the order in which they are drawn."""
        return self.looks, self.styles, self.tints, self.grounds

    @property
    def header_starts(self) -> tuple[int, ...]:
        """The first code of each choice; they come after those of cells."""
        return tuple(accumulate(self.header[:-1], initial=self.n_embed))

    @property
    def length(self) -> int:
        """Codes of a picture."""
        return len(self.header) + self.grid**2

    @property
    def num_codes(self) -> int:
        """All codes there are: those of cells first."""
        return self.n_embed + sum(self.header)

    def summary(self) -> str:
        return (
            f"cell tokenizer, {len(self.header)} codes for the picture and {self.grid} x "
            f"{self.grid} for its cells, of {self.num_codes:,}, "
            f"to {self.finished} x {self.finished} pixels"
        )

    def kernel_dtype(self, products: np.dtype) -> np.dtype:
        """float32: the decoder rounds, so its codes must not depend on the products' dtype."""
        return np.dtype(np.float32)

    def decoding_bytes(self, pictures: int, products: np.dtype) -> int:
        """H W (2 F + 12 + 12 N) x 4 for filters of width F, one picture at a time (measured)."""
        values = 2 * self.filter_width + 12 + 12 * pictures
        return self.finished**2 * values * FLOAT32
