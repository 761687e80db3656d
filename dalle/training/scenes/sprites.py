"""Cut-outs of everyday things: built once into a folder, then read as memory-mapped arrays.

A cut-out is trimmed to its opaque part and scaled to fill a square, standing on the lower edge.
There are a few square sizes, each a whole number of cells.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from dalle.errors import DalleError
from dalle.training.scenes.colours import dominant_colour
from dalle.training.scenes.drawings import STYLES, fetch_packages, read_drawings
from dalle.training.scenes.grid import CELL
from dalle.training.scenes.vocabulary import Kind, read_kinds

SIZES = (2, 3, 4, 6)  # cells
MARGIN = 2  # pixels on each side
DEFAULT_FOLDER = Path(".data/sprites")


class SpriteLibrary:
    """Reads cut-outs from a folder that `build_sprites` or `write_sprites` made."""

    def __init__(self, folder: Path | str = DEFAULT_FOLDER):
        folder = Path(folder)
        if not (folder / "index.json").is_file():
            raise DalleError(
                f"sprite folder is {folder}; it must hold index.json and cells-*.npy; "
                "build it with dalle.training.scenes.sprites.build_sprites(folder)"
            )
        rows = json.loads((folder / "index.json").read_text())
        self._arrays = {n: np.load(folder / f"cells-{n}.npy", mmap_mode="r") for n in SIZES}
        self._rows = {(row["kind"], row["style"]): i for i, row in enumerate(rows)}
        self._about = rows
        known = {kind for kind, _ in self._rows}
        self.kinds = tuple(kind for kind in read_kinds() if kind.id in known)

    def __len__(self) -> int:
        return len(self._rows)

    def styles(self, kind: str) -> tuple[str, ...]:
        """The styles with a drawing of this thing."""
        return tuple(style for style in STYLES if self.has(kind, style))

    def has(self, kind: str, style: str) -> bool:
        return (kind, style) in self._rows

    def pixels(self, kind: str, style: str, cells: int) -> np.ndarray:
        """The cut-out at `cells` x `cells` cells: uint8 [24 cells, 24 cells, RGBA]."""
        return np.asarray(self._arrays[cells][self._rows[kind, style]])

    def colour(self, kind: str, style: str) -> str | None:
        """The colour this drawing clearly has, or None."""
        return self._about[self._rows[kind, style]]["colour"]

    def box(self, kind: str, style: str) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the opaque part, as parts of the square."""
        return tuple(self._about[self._rows[kind, style]]["box"])


def open_sprites(folder: Path | str = DEFAULT_FOLDER) -> SpriteLibrary:
    """The library in `folder`, built first if it is not there (needs npm and its registry)."""
    if not (Path(folder) / "index.json").is_file():
        build_sprites(folder)
    return SpriteLibrary(folder)


def build_sprites(folder: Path | str = DEFAULT_FOLDER) -> None:
    """Fetches the drawings and writes all cut-outs to `folder`; a minute, half a gigabyte."""
    with tempfile.TemporaryDirectory(prefix="drawings-") as packages:
        fetch_packages(Path(packages))
        write_sprites(folder, read_drawings(Path(packages), read_kinds()))


def write_sprites(folder: Path | str, drawings: Iterable[tuple[Kind, str, Image.Image]]) -> None:
    """Cuts out each (kind, style, RGBA picture) at every size and writes `folder` in one go."""
    folder = Path(folder)
    cut = [(kind, style, trim(picture)) for kind, style, picture in drawings]
    folder.parent.mkdir(parents=True, exist_ok=True)
    # A half-written library must never be read: write beside it, rename at the end.
    building = folder.with_name(f"{folder.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    for cells in SIZES:
        side = cells * CELL
        array = np.lib.format.open_memmap(
            building / f"cells-{cells}.npy", "w+", np.uint8, (len(cut), side, side, 4)
        )
        for row, (_, _, picture) in enumerate(cut):
            array[row] = fit_square(picture, side)
        array.flush()
    index = [
        {"kind": kind.id, "style": style, **_describe(fit_square(picture, 6 * CELL))}
        for kind, style, picture in cut
    ]
    (building / "index.json").write_text(json.dumps(index))
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(building, folder)


def trim(picture: Image.Image) -> Image.Image:
    """Cuts away everything around the pixels that can be seen."""
    seen = picture.getchannel("A").point(lambda alpha: 255 * (alpha > 16))
    return picture.crop(seen.getbbox())


def fit_square(picture: Image.Image, side: int) -> np.ndarray:
    """Scales an RGBA picture to fill a square that it stands in: uint8 [side, side, 4]."""
    scale = (side - 2 * MARGIN) / max(picture.size)
    size = tuple(max(1, round(length * scale)) for length in picture.size)
    # Pillow resizes RGBA with premultiplied alpha, so no dark fringe comes in from outside.
    scaled = picture.resize(size, Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (side, side))
    square.paste(scaled, ((side - size[0]) // 2, side - size[1] - MARGIN))
    return np.asarray(square)


def _describe(sprite: np.ndarray) -> dict:
    opaque = sprite[..., 3] > 64
    columns, rows = np.flatnonzero(opaque.any(0)), np.flatnonzero(opaque.any(1))
    box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) / len(sprite)
    return {"colour": dominant_colour(sprite), "box": box.round(3).tolist()}
