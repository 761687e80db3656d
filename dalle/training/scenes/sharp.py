"""Scenes at twice the size: the target of the finisher.

A second store holds every cut-out at twice its size, in the same place within its square. So a
scene and its double show the same.
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
from dalle.training.scenes.composer import Scene
from dalle.training.scenes.drawings import fetch_packages, read_drawings
from dalle.training.scenes.grid import CELL, SIDE, lay
from dalle.training.scenes.sprites import MARGIN, SIZES, trim
from dalle.training.scenes.vocabulary import Kind, read_kinds

SCALE = 2
DEFAULT_FOLDER = Path(".data/sharp-sprites")
INDEX = "index.json"


class SharpSprites:
    """Reads cut-outs at twice the size from a folder that `write_sharp_sprites` made."""

    def __init__(self, folder: Path | str = DEFAULT_FOLDER):
        folder = Path(folder)
        if not (folder / INDEX).is_file():
            raise DalleError(
                f"sprite folder is {folder}; it must hold {INDEX} and cells-*.npy; "
                "build it with dalle.training.scenes.sharp.build_sharp_sprites(folder)"
            )
        rows = json.loads((folder / INDEX).read_text())
        self._rows = {tuple(row): number for number, row in enumerate(rows)}
        self._arrays = {n: np.load(folder / f"cells-{n}.npy", mmap_mode="r") for n in SIZES}

    def pixels(self, kind: str, style: str, cells: int) -> np.ndarray:
        """The cut-out at `cells` x `cells` cells: uint8 [48 cells, 48 cells, RGBA]."""
        return np.asarray(self._arrays[cells][self._rows[kind, style]])

    def lay(self, scene: Scene) -> np.ndarray:
        """The things of a scene alone, uint8 [384, 384, 4]."""
        foreground = np.zeros((SCALE * SIDE, SCALE * SIDE, 4), np.uint8)
        for thing in scene.things:
            column, row, cells = thing.box
            sprite = self.pixels(thing.kind, thing.style, cells)
            lay(foreground, sprite, column, row, SCALE * CELL, thing.whole)
        return foreground


def open_sharp_sprites(folder: Path | str = DEFAULT_FOLDER) -> SharpSprites:
    """The store in `folder`, built first if it is not there (needs npm and its registry)."""
    if not (Path(folder) / INDEX).is_file():
        build_sharp_sprites(folder)
    return SharpSprites(folder)


def build_sharp_sprites(folder: Path | str = DEFAULT_FOLDER) -> None:
    """Fetches the drawings and writes all cut-outs to `folder`; minutes, two gigabytes."""
    with tempfile.TemporaryDirectory(prefix="drawings-") as packages:
        fetch_packages(Path(packages))
        write_sharp_sprites(folder, read_drawings(Path(packages), read_kinds()))


def write_sharp_sprites(
    folder: Path | str, drawings: Iterable[tuple[Kind, str, Image.Image]]
) -> None:
    """Cuts out each (kind, style, RGBA picture) at every size and writes `folder` in one go."""
    folder = Path(folder)
    cut = [(kind.id, style, trim(picture)) for kind, style, picture in drawings]
    building = folder.with_name(f"{folder.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    for cells in SIZES:
        side = SCALE * cells * CELL
        array = np.lib.format.open_memmap(
            building / f"cells-{cells}.npy", "w+", np.uint8, (len(cut), side, side, 4)
        )
        for row, (_, _, picture) in enumerate(cut):
            array[row] = fit_sharp_square(picture, cells * CELL)
        array.flush()
    (building / INDEX).write_text(json.dumps([(kind, style) for kind, style, _ in cut]))
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(building, folder)


def fit_sharp_square(picture: Image.Image, side: int) -> np.ndarray:
    """As `sprites.fit_square`, with twice as many pixels: uint8 [2 * side, 2 * side, 4].

    Sizes and places are whole pixels of the smaller square: both show the same.
    """
    scale = (side - 2 * MARGIN) / max(picture.size)
    width, height = (max(1, round(length * scale)) for length in picture.size)
    scaled = picture.resize((SCALE * width, SCALE * height), Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (SCALE * side, SCALE * side))
    square.paste(scaled, (SCALE * ((side - width) // 2), SCALE * (side - height - MARGIN)))
    return np.asarray(square)
