"""The geometry of the embedded model's image tokeniser, read from its config.json."""

import dataclasses
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Self

from dalle.models.config import read_fields, refuse_others, require_multiple

FILTER_BLOCK = 4  # pixels a side of the blocks whose means its filters know


@dataclass(frozen=True)
class CellTokenizerConfig:
    """The embedded model's image tokeniser: four codes for the whole picture, then one a cell."""

    resolution: int  # pixels a side
    cell: int  # pixels a side of one cell
    n_embed: int  # codes of cells
    embed_dim: int  # size of a cell code's vector
    looks: int  # codes of each choice for the whole picture
    styles: int
    tints: int
    grounds: int
    ground_dim: int  # size of a ground's vector for each cell
    decoder_width: int
    decoder_hidden: int
    decoder_blocks: int
    filter_width: int  # of what tints the things and gives the picture its look
    reader_width: int  # of the encoder

    MODEL_TYPE = "cell_tokenizer"

    @classmethod
    def from_json(cls, published: dict[str, Any]) -> Self:
        refuse_others(published, {"model_type": cls.MODEL_TYPE})
        config = cls(**read_fields(cls, published))
        require_multiple("resolution", config.resolution, "cell", config.cell)
        require_multiple("cell", config.cell, "the filter's block", FILTER_BLOCK)
        return config

    def to_json(self) -> dict[str, Any]:
        return {"model_type": self.MODEL_TYPE} | dataclasses.asdict(self)

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
