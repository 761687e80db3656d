"""The codes of a picture as a grid of cells, and a mask over pixels as a mask over cells."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from PIL import Image

from dalle.models.image_tokenizer import NO_CODE, ImageTokenizer
from dalle.safety.open_image import MAX_PIXELS
from dalle.settings import SettingsError

MASKED = 128  # a pixel of a mask this bright asks for a new one
ALL_COVERED = (
    "The mask covers the whole picture, so nothing of it would stay; leave a part black, "
    "or generate a new picture."
)


@dataclass(frozen=True)
class Grid:
    """The geometry of an image tokenizer's codes."""

    overview: int  # codes for the whole picture, which come first
    side: int  # cells
    cell: int  # pixels a side of one cell

    @classmethod
    def of(cls, tokenizer: ImageTokenizer) -> Self:
        overview = tokenizer.layout.overview
        side = math.isqrt(tokenizer.length - overview)
        return cls(overview, side, tokenizer.resolution // side)

    @property
    def resolution(self) -> int:
        """Pixels a side of the model's square."""
        return self.side * self.cell

    def keep(
        self, codes: np.ndarray, resampled: np.ndarray, overview: np.ndarray | None = None
    ) -> np.ndarray:
        """Codes [T] with NO_CODE in the resampled cells, [g, g] bool.

        As well in the resampled codes for the whole picture, [overview] bool, if any.
        """
        kept = codes.astype(np.int32)
        kept[self.overview :][resampled.ravel()] = NO_CODE
        if overview is not None:
            kept[: self.overview][overview] = NO_CODE
        return kept

    def roll(self, codes: np.ndarray, down: int, right: int) -> np.ndarray:
        """Codes [T] whose cells moved; a cell that leaves at one side comes in at the other."""
        cells = codes[self.overview :].reshape(self.side, self.side)
        moved = np.roll(cells, (down, right), (0, 1))
        return np.concatenate([codes[: self.overview], moved.ravel()])


def cells_under(mask: Image.Image | np.ndarray, width: int, height: int) -> np.ndarray:
    """The cells that a mask of any size touches, [height, width] bool; white means redraw.

    SettingsError as `mask_pixels`, and where every cell is touched.
    """
    pixels = mask_pixels(mask)
    tall, wide = pixels.shape
    # A cell has all pixels that reach into it, so that a thin stroke is not lost.
    rows = np.stack(
        [
            pixels[tall * row // height : -(-tall * (row + 1) // height)].any(0)
            for row in range(height)
        ]
    )  # [height, W]
    touched = np.stack(
        [
            rows[:, wide * column // width : -(-wide * (column + 1) // width)].any(1)
            for column in range(width)
        ],
        axis=1,
    )
    if touched.all():
        raise SettingsError(ALL_COVERED)
    return touched


def mask_pixels(mask: Image.Image | np.ndarray) -> np.ndarray:
    """A mask as [H, W] bool; SettingsError for none, and for one of nothing or of everything."""
    if isinstance(mask, Image.Image):
        if mask.width * mask.height > MAX_PIXELS:
            raise SettingsError(
                f"The mask has {mask.width} x {mask.height} pixels; give one of at most "
                f"{MAX_PIXELS:,}."
            )
        mask = np.asarray(mask.convert("L"))
    mask = np.asarray(mask)
    if mask.ndim != 2 or 0 in mask.shape or mask.dtype not in (np.bool_, np.uint8):
        raise SettingsError(
            f"The mask is an array of shape {mask.shape} and type {mask.dtype}; give a picture, "
            "or an array [height, width] of booleans or bytes."
        )
    mask = mask if mask.dtype == np.bool_ else mask >= MASKED
    if not mask.any():
        raise SettingsError(
            "The mask is empty, so nothing would change; paint white over what to redraw."
        )
    if mask.all():
        raise SettingsError(ALL_COVERED)
    return mask
