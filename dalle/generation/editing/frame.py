"""Where the model's square lies in a picture, and which of its pixels are new."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

RAMP = 6  # the soft border is one sixth of a cell wide


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture with a place for the model's square in it."""

    canvas: np.ndarray  # [H, W, 3] uint8
    alpha: np.ndarray  # [h, w] float32 in 0..1, the share of the new pixels in the square
    top: int
    left: int

    def compose(self, pixels: np.ndarray) -> np.ndarray:
        """New squares [N, h, w, 3] uint8 -> whole pictures [N, H, W, 3]; alpha 0 changes no bit."""
        height, width = self.alpha.shape
        rows, columns = slice(self.top, self.top + height), slice(self.left, self.left + width)
        share = self.alpha[..., None]
        mixed = share * pixels + (1 - share) * self.canvas[rows, columns]
        whole = np.repeat(self.canvas[None], len(pixels), axis=0)
        whole[:, rows, columns] = np.round(mixed).astype(np.uint8)
        return whole

    def square(self, image: Image.Image) -> Image.Image:
        """The model's square of a whole picture."""
        height, width = self.alpha.shape
        return image.crop((self.left, self.top, self.left + width, self.top + height))


def hard_alpha(resampled: np.ndarray, cell: int) -> np.ndarray:
    """1 for every pixel of a redrawn cell: [g, g] bool -> [h, w] float32."""
    return resampled.repeat(cell, 0).repeat(cell, 1).astype(np.float32)


def soft_alpha(resampled: np.ndarray, cell: int) -> np.ndarray:
    """As `hard_alpha` with a ramp inside of the redrawn cells; outside of them it is 0."""
    reach = max(1, cell // RAMP)
    mask = Image.fromarray((255 * hard_alpha(resampled, cell)).astype(np.uint8))
    smaller = mask.filter(ImageFilter.MinFilter(2 * reach + 1))
    return np.asarray(smaller.filter(ImageFilter.BoxBlur(reach)), np.float32) / 255
