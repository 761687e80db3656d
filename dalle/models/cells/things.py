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
SIZES = (2, 3, 4, 6)  # cells a side
TOLD = (3, 4, 6)  # of a picture that says nothing of itself: anything is like the smallest
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
        """The things in cells [g, g] of codes with vectors [C, E], the surest first.

        Each is a row of the world's things, and its likeness up to 1.
        """
        unit, left, found = unit_vectors(vectors), cells.copy(), []
        while len(found) < MOST and (left != BLANK).any():
            best = self._best(left, unit, np.arange(len(self.kinds)), TOLD)
            if best.likeness < LEAST:
                break
            found.append((best.kind, best.likeness))
            left[best.place] = BLANK
        return found

    def seek(self, cells: np.ndarray, unit: np.ndarray, kind: int, number: int) -> list[float]:
        """How like a thing the `number` places are that are likest to it, each up to 1.

        Of cells [g, g] with unit vectors [C, E]; 0 where nothing is left.
        """
        drawings, left, likenesses = np.flatnonzero(self.kinds == kind), cells.copy(), []
        for _ in range(number):
            if not len(drawings) or not (left != BLANK).any():
                likenesses.append(0.0)
                continue
            best = self._best(left, unit, drawings)
            likenesses.append(min(1.0, max(0.0, best.likeness)))
            left[best.place] = BLANK
        return likenesses

    def _best(
        self,
        cells: np.ndarray,
        unit: np.ndarray,
        drawings: np.ndarray,
        sizes: tuple[int, ...] = SIZES,
    ) -> "Match":
        """Where on the grid one of some drawings, in any of `sizes`, is likest to the cells."""
        matches = (self._best_of_size(cells, unit, size, drawings) for size in sizes)
        return max(matches, key=lambda match: match.total)

    def _best_of_size(
        self, cells: np.ndarray, unit: np.ndarray, size: int, drawings: np.ndarray
    ) -> "Match":
        codes, here = self.codes[size][drawings], cells.ravel()  # [N, size * size], [g * g]
        like = np.tensordot(unit[here], unit[codes], (1, 2))  # [g * g, N, size * size]
        both = (here == BLANK)[:, None, None] & (codes == BLANK)
        one = (here == BLANK)[:, None, None] ^ (codes == BLANK)
        like = np.where(both, EMPTY, np.where(one, MISSED, like))
        places = np.arange(len(cells) - size + 1)
        reach = places[:, None] + np.arange(size)  # [P, size]
        windows = reach[:, None, :, None] * len(cells) + reach[None, :, None, :]
        windows = windows.reshape(-1, size**2)  # of each place, its cells
        totals = sum(like[windows[:, at], :, at] for at in range(size**2))  # [P * P, N]
        place, drawing = np.unravel_index(int(totals.argmax()), totals.shape)
        row, column = divmod(int(place), len(places))
        return Match(
            float(totals[place, drawing]),
            float(totals[place, drawing]) / max(1, int((codes[drawing] != BLANK).sum())),
            int(self.kinds[drawings[drawing]]),
            (slice(row, row + size), slice(column, column + size)),
        )


@dataclass(frozen=True)
class Match:
    """A drawing on a place of the grid."""

    total: float  # likeness of all its cells
    likeness: float  # of one of its filled cells, in the mean
    kind: int
    place: tuple[slice, slice]


def unit_vectors(vectors: np.ndarray) -> np.ndarray:
    """Vectors [C, E] around their mean, each of length 1."""
    unit = vectors - vectors.mean(0)
    return unit / np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-6)
