"""Writes the codes of every drawing: the table that `interrogate` compares a picture with."""

import numpy as np

from dalle.models.cells.network import CellTokenizer
from dalle.models.cells.things import SIZES, ThingTable
from dalle.training.scenes.grid import CELL, SIDE
from dalle.training.scenes.places import VARIANTS
from dalle.training.scenes.sprites import SpriteLibrary

HEADERS = (0, 0, 0, 0)  # as drawn, on the first ground; the codes of things don't depend on it
TOGETHER = 16  # pictures that are encoded at once


def make_thing_table(library: SpriteLibrary, tokenizer: CellTokenizer) -> ThingTable:
    """The codes of each drawing in each size, as many to a picture as there is room for."""
    drawings = [
        (row, kind.id, style)
        for row, kind in enumerate(library.kinds)
        for style in library.styles(kind.id)
        if style != "flat"  # in no picture of its own
    ]
    codes = {size: _encode(library, tokenizer, drawings, size) for size in SIZES}
    kinds = np.array([row for row, _, _ in drawings], np.int16)
    return ThingTable(kinds, codes, VARIANTS)


def _encode(
    library: SpriteLibrary, tokenizer: CellTokenizer, drawings: list, size: int
) -> np.ndarray:
    """[drawings, size * size] int16."""
    side = SIDE // CELL
    starts = range(0, side - size + 1, size)
    corners = [(row, column) for row in starts for column in starts]
    grids = []
    for first in range(0, len(drawings), len(corners) * TOGETHER):
        layers = np.zeros((TOGETHER, SIDE, SIDE, 4), np.uint8)
        part = drawings[first : first + len(corners) * TOGETHER]
        places = [(at // len(corners), *corners[at % len(corners)]) for at in range(len(part))]
        for (_, kind, style), (picture, row, column) in zip(part, places, strict=True):
            pixels, top, left = library.pixels(kind, style, size), CELL * row, CELL * column
            layers[picture, top : top + size * CELL, left : left + size * CELL] = pixels
        headers = np.tile(np.array(HEADERS, np.int32), (TOGETHER, 1))
        codes = tokenizer.encode_layers(layers.astype(np.float32) / 255, headers)
        cells = np.asarray(codes)[:, len(HEADERS) :].reshape(-1, side, side)
        grids += [cells[p, r : r + size, c : c + size].ravel() for p, r, c in places]
    return np.array(grids, np.int16)
