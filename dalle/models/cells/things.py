"""Finds the drawings that a picture's codes are like, by the codes of all drawings.

Cells of the same thing have like vectors wherever it stands. So a drawing is laid on every place of
the grid, and the likeness of its cells with those below is summed.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from dalle.errors import DalleError
from dalle.files import write_atomically

FILE = "thing-codes.bin"  # compressed int16: variants, then a row for each drawing
SIZES = (3, 4, 6)  # cells a side
CELLS = tuple(size**2 for size in SIZES)  # codes in each size
BLANK = 0  # the code of a cell that nothing stands in
MISSED = -0.4  # the likeness of a blank cell and another
EMPTY = 0.1  # of two blank cells
LEAST = 0.45  # likeness of a cell, in the mean, from which on a thing is told
MOST = 4  # things of a picture


@dataclass(frozen=True, eq=False)
class ThingTable:
    """The codes of each drawing in each size, and the thing that it shows."""

    kinds: np.ndarray  # [N] int16, rows of the world's things
    codes: dict[int, np.ndarray]  # by size: [N, size * size] int16
    variants: int  # grounds of each place

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """That of a model's folder; None where it ships none. DalleError for a damaged file."""
        path = folder / FILE
        if not path.is_file():
            return None
        try:
            # Not np.load: it parses each header as Python, and in Python 3.11 two threads must not
            # parse at once, as gradio does while it is imported.
            values = np.frombuffer(zlib.decompress(path.read_bytes()), "<i2")
            variants, rows = int(values[0]), values[1:].reshape(-1, 1 + sum(CELLS))
        except (ValueError, IndexError, zlib.error) as error:
            raise DalleError(f"{path} is damaged ({error}); download the model again.") from error
        kinds, *codes = np.split(rows, np.cumsum([1, *CELLS[:-1]]), axis=1)
        return cls(kinds[:, 0], dict(zip(SIZES, codes, strict=True)), variants)

    def write(self, folder: Path) -> Path:
        """Writes the file into a model's folder; its path."""
        rows = np.hstack([self.kinds[:, None], *(self.codes[size] for size in SIZES)])
        values = np.concatenate([[self.variants], rows.ravel()]).astype("<i2")
        write_atomically(folder / FILE, zlib.compress(values.tobytes(), 9))
        return folder / FILE

    def find(self, cells: np.ndarray, vectors: np.ndarray) -> list[tuple[int, float]]:
        """The things in cells [h, w] of codes with vectors [C, E], the surest first.

        Each is a row of the world's things, and its likeness up to 1.
        """
        left, found = cells.copy(), []
        unit = vectors - vectors.mean(0)
        unit = unit / np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-6)
        while len(found) < MOST and (left != BLANK).any():
            _, likeness, kind, (rows, columns) = max(
                (self._best(left, unit, size) for size in SIZES), key=lambda best: best[0]
            )
            if likeness < LEAST:
                break
            found.append((kind, likeness))
            left[rows, columns] = BLANK
        return found

    def _best(
        self, cells: np.ndarray, unit: np.ndarray, size: int
    ) -> tuple[float, float, int, tuple[slice, slice]]:
        """Sum and mean of the likeness of the likest drawing of a size, its thing, its place."""
        codes = self.codes[size]
        like = unit[cells.ravel()] @ unit.T  # [h * w, C]
        empty = cells.ravel() == BLANK
        like[empty] = MISSED
        like[:, BLANK] = np.where(empty, EMPTY, MISSED)
        like = like.reshape(*cells.shape, -1)
        best = (-np.inf, 0.0, 0, (slice(0), slice(0)))
        for row in range(cells.shape[0] - size + 1):
            for column in range(cells.shape[1] - size + 1):
                window = like[row : row + size, column : column + size].reshape(size * size, -1)
                sums = sum(window[at, codes[:, at]] for at in range(size * size))  # [N]
                drawing = int(sums.argmax())
                if sums[drawing] > best[0]:
                    filled = max(1, int((codes[drawing] != BLANK).sum()))
                    place = slice(row, row + size), slice(column, column + size)
                    mean = float(sums[drawing]) / filled
                    best = float(sums[drawing]), mean, int(self.kinds[drawing]), place
        return best
