"""Finds the cell tokeniser's codes: principal components of cells, then k-means among them.

The encoder looks at one cell alone, so its codes need no gradient. They are found in minutes and
stay as they are, while the decoder may go on learning.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from tqdm import trange

from dalle.models.cells import nearest, to_cells
from dalle.models.config import CellTokenizerConfig

ROUNDS = 20
CHUNK = 16_384  # cells assigned at once
# A cell that is seen a hundred times as often (a plain background) counts ten times as much:
# its colour must be exact, but it must not take all codes either.
COUNT_POWER = 0.5


def find_codes(
    pixels: np.ndarray,  # [N, H, W, 3] uint8
    config: CellTokenizerConfig,
    seed: int = 0,
) -> dict[str, Any]:
    """The parameters of `encoder` and `quantize`."""
    cells = np.asarray(to_cells(pixels, config.cell)).reshape(-1, config.cell**2 * 3)
    cells, counts = np.unique(cells, axis=0, return_counts=True)
    weights = counts.astype(np.float32) ** COUNT_POWER
    cells = cells.astype(np.float32) / 255
    mean = np.average(cells, axis=0, weights=weights).astype(np.float32)
    covariance = (cells - mean).T @ ((cells - mean) * weights[:, None])
    _, directions = np.linalg.eigh(covariance)  # the largest last
    kernel = directions[:, ::-1][:, : config.embed_dim].astype(np.float32)
    vectors = (cells - mean) @ kernel
    return {
        "encoder": {"project": {"kernel": kernel, "bias": -mean @ kernel}},
        "quantize": {"embedding": find_centres(vectors, weights, config.n_embed, seed)},
    }


@partial(jax.jit, donate_argnames=("sums", "totals"))
def _assign(
    vectors: Array, weights: Array, centres: Array, sums: Array, totals: Array
) -> tuple[Array, Array]:
    codes = nearest(vectors, centres)
    return sums.at[codes].add(vectors * weights[:, None]), totals.at[codes].add(weights)


def find_centres(vectors: np.ndarray, weights: np.ndarray, number: int, seed: int) -> np.ndarray:
    """Weighted k-means (Lloyd's algorithm): [N, E], [N] -> [number, E]."""
    rng = np.random.default_rng(seed)
    if len(vectors) < number:
        raise ValueError(
            f"there are {len(vectors)} different cells for {number} codes; show more pictures."
        )
    # Padding weighs nothing, so that every chunk has the same shape.
    missing = -len(vectors) % CHUNK
    padded = np.pad(vectors, ((0, missing), (0, 0)))
    padded_weights = np.pad(weights, (0, missing))
    centres = vectors[rng.choice(len(vectors), number, replace=False)]
    for _ in trange(ROUNDS, desc="codes"):
        sums, totals = jnp.zeros_like(centres), jnp.zeros(number)
        for start in range(0, len(padded), CHUNK):
            part = slice(start, start + CHUNK)
            sums, totals = _assign(padded[part], padded_weights[part], centres, sums, totals)
        totals = np.asarray(totals)
        centres = np.array(sums) / np.maximum(totals, 1e-9)[:, None]
        unused = np.flatnonzero(totals == 0)
        centres[unused] = vectors[rng.choice(len(vectors), len(unused), replace=False)]
    return centres
