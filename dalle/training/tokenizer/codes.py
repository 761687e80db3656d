"""Finds the vectors of the cell tokenizer's codes, without any gradient.

Cells: principal components of their content, then k-means among those. Grounds: principal
components of their cells; behind finished things the squares that they are made of. All of this
takes minutes and stays as it is, while the decoder learns.
"""

from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from tqdm import trange

from dalle.models.cells.config import GROUND_TILE, CellTokenizerConfig
from dalle.models.cells.network import BLANK, nearest, to_layer
from dalle.models.cells.patches import patchify

ROUNDS = 10
CHUNK = 16_384  # cells assigned at once
COMPONENT_CELLS = 30_000  # cells that the principal components are found from
# A cell that is seen a hundred times as often counts ten times as much: it must look right, but
# it must not take all codes either.
COUNT_POWER = 0.5


def find_codes(
    things: Iterable[np.ndarray],  # batches [N, H, W, 4] uint8
    grounds: np.ndarray,  # [grounds, H, W, 3] uint8
    config: CellTokenizerConfig,
    seed: int = 0,
) -> dict[str, Any]:
    """The parameters of `codes`; ValueError where there are fewer different cells than codes."""
    counts: Counter[bytes] = Counter()
    for batch in things:
        cells = np.asarray(patchify(batch, config.cell))  # [N, h, w, cell * cell * 4] uint8
        counts.update(cell.tobytes() for cell in cells[cells[..., 3::4].any(-1)])
    cells = np.frombuffer(b"".join(counts), np.uint8).reshape(len(counts), -1)
    weights = np.array(list(counts.values()), np.float32) ** COUNT_POWER

    def layer(cells: np.ndarray) -> np.ndarray:
        rgba = cells.reshape(len(cells), -1, 4).astype(np.float32) / 255
        return np.asarray(to_layer(rgba)).reshape(len(cells), -1)

    rng = np.random.default_rng(seed)
    shown = rng.choice(len(cells), COMPONENT_CELLS, p=weights / weights.sum())
    mean, directions = principal_components(layer(cells[shown]), config.embed_dim)
    vectors = np.concatenate(
        [(layer(cells[i : i + CHUNK]) - mean) @ directions for i in range(0, len(cells), CHUNK)]
    )
    centres = find_centres(vectors, weights, config.n_embed - 1, seed)
    blank = -mean @ directions
    patches = np.asarray(patchify(grounds.astype(np.float32) / 255, config.cell))
    patches = patches.reshape(-1, patches.shape[-1])  # [grounds * h * w, cell * cell * 3]
    ground_mean, ground_directions = principal_components(patches, config.ground_dim)
    behind = ((patches - ground_mean) @ ground_directions).reshape(len(grounds), -1)
    unused = config.grounds - len(grounds)
    return {
        "embedding": {"embedding": np.insert(centres, BLANK, blank, axis=0)},
        "patches": {"kernel": directions.T.copy(), "bias": mean},
        "ground_embedding": {"embedding": np.pad(behind, ((0, unused), (0, 0)))},
        "ground_patches": {"kernel": ground_directions.T.copy(), "bias": ground_mean},
    }


def find_finished_grounds(
    grounds: np.ndarray,  # [grounds, H, W, 3] uint8, as large as finished pictures
    config: CellTokenizerConfig,
) -> dict[str, Any]:
    """The parameters of `grounds`; ValueError where they are of more different tiles than fit."""
    squares = np.asarray(patchify(grounds, GROUND_TILE))
    rows = [row.tobytes() for row in squares.reshape(-1, squares.shape[-1])]
    numbers = {row: number for number, row in enumerate(dict.fromkeys(rows))}
    if len(numbers) > config.ground_tiles:
        raise ValueError(
            f"grounds are made of {len(numbers)} different tiles, and the model has room for "
            f"{config.ground_tiles}; let it have more."
        )
    tiles = np.frombuffer(b"".join(numbers), np.uint8).reshape(len(numbers), -1)
    missing = config.ground_tiles - len(numbers)
    places = np.float32([numbers[row] for row in rows]).reshape(len(grounds), -1)
    return {
        "tiles": np.pad(places, ((0, config.grounds - len(grounds)), (0, 0))),
        "embedding": {
            "embedding": np.pad(tiles / np.float32(255) - 0.5, ((0, missing), (0, 0))),
        },
    }


def principal_components(rows: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Of rows [N, D]: their mean [D], and the directions in which they differ most [D, number]."""
    mean = rows.mean(0)
    _, directions = np.linalg.eigh((rows - mean).T @ (rows - mean))  # the largest last
    return mean.astype(np.float32), directions[:, ::-1][:, :number].astype(np.float32)


@partial(jax.jit, donate_argnames=("sums", "totals"))
def _assign(
    vectors: Array, weights: Array, centres: Array, sums: Array, totals: Array
) -> tuple[Array, Array]:
    codes = nearest(vectors, centres)
    return sums.at[codes].add(vectors * weights[:, None]), totals.at[codes].add(weights)


def find_centres(vectors: np.ndarray, weights: np.ndarray, number: int, seed: int) -> np.ndarray:
    """Weighted k-means (Lloyd's algorithm): [points, E], [points] -> [number, E]."""
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
