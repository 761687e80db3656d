"""How bad a drawn picture looks beside the one that it should be."""

from collections.abc import Sequence
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jax import Array
from PIL import Image

from dalle.models.cells.patches import square_means

COLUMNS = 8  # of a sheet
COARSE = 8  # pixels a side that are compared as one


def reconstruction_loss(error: Array) -> Array:
    """Of a picture's error, [B, H, W, 3] or with opacity [B, H, W, 4]: pixels, colours, edges.

    Errors are also counted in opponent colours and on coarse means, else pure colours turn grey.
    """
    red, green, blue = error[..., 0], error[..., 1], error[..., 2]
    colours = jnp.abs(red - green).mean() + jnp.abs((red + green) / 2 - blue).mean()
    edges = jnp.abs(jnp.diff(error, axis=1)).mean() + jnp.abs(jnp.diff(error, axis=2)).mean()
    pixels = jnp.abs(error).mean() + 2 * jnp.square(error).mean()
    return pixels + 0.5 * colours + 0.5 * jnp.abs(square_means(error, COARSE)).mean() + 0.5 * edges


def mean_psnr(decoded: np.ndarray, true: np.ndarray) -> float:
    """In dB, the mean over pictures [B, H, W, 3] in 0..1."""
    return float((-10 * np.log10(np.square(decoded - true).mean((1, 2, 3)) + 1e-10)).mean())


def save_versions(path: Path, versions: Sequence[np.ndarray]) -> None:
    """Versions [B, H, W, 3] in 0..1 of the same pictures as a PNG, one row under the other."""
    rows = [
        np.concatenate(list((decoded[start : start + COLUMNS] * 255).round().astype("u1")), 1)
        for start in range(0, len(versions[0]) - COLUMNS + 1, COLUMNS)
        for decoded in versions
    ]
    Image.fromarray(np.concatenate(rows)).save(path, format="png")
