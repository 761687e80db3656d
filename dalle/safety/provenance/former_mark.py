"""Finds the mark that earlier versions left, in its own size or one of a few others.

That was a tile of TILE x TILE pixels: in each 8 x 8 block ten low DCT coefficients went up or down
as the key says. The detector looks for their signs at every offset of the tile, mirrored too.
THRESHOLD comes from Hoeffding's inequality, as in watermark.py.
"""

import functools
import hashlib
import math

import numpy as np
from PIL import Image

from dalle.safety.provenance.pattern import LUMA

BLOCK = 8
TILE = 64  # pixels; a multiple of BLOCK
BLOCKS = TILE // BLOCK
COEFFICIENTS = (  # (down, across) of the DCT
    (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (3, 0),
)  # fmt: skip

SIDES = (128, 192, 256, 384, 512)  # longer sides that a resized copy may have had
FACTORS = (0.5, 2.0)
LOOKED_AT = 1024  # pixels of each side that are searched; more would be slow and no surer
MOST_SIDE = 2048  # pixels of the longer side of a copy in another size
FALSE_ALARMS = 5e-7  # the other half is watermark's
PLACES = 2 * (TILE**2 + len(SIDES) + len(FACTORS))
THRESHOLD = math.sqrt(2 * math.log(PLACES / FALSE_ALARMS))  # 6.9
SOFT = 12.0  # coefficients well above this count as one: no single edge decides
TINY = 1e-6  # against a division by zero on a picture of one colour


def detect(image: Image.Image, key: str) -> float:
    """The score of the key's former mark; from THRESHOLD on it is there."""
    image = image.convert("RGB")
    best = 0.0
    for scale in list_scales(*image.size):
        size = tuple(round(scale * side) for side in image.size)
        copy = image if scale == 1 else image.resize(size, Image.Resampling.BICUBIC)
        copy = copy.crop((0, 0, *(min(side, LOOKED_AT) for side in size)))
        luma = np.asarray(copy, np.float32) @ LUMA
        match = match_everywhere if scale == 1 else match_corner
        best = max(best, match(luma, key), match(luma[:, ::-1], key))
        if best >= THRESHOLD:
            break
    return best


def list_scales(width: int, height: int) -> list[float]:
    """1, then scales that may undo a change of size, as far as enough pixels remain."""
    longer, shorter = max(width, height), min(width, height)
    others = {*FACTORS, *(side / longer for side in SIDES)} - {1.0}
    scales = [1.0, *sorted(others)]
    return [s for s in scales if round(s * shorter) >= TILE and (s == 1 or s * longer <= MOST_SIDE)]


@functools.lru_cache(maxsize=8)
def random_signs(key: str) -> np.ndarray:
    """+1 or -1 for each coefficient of the tile's blocks, [BLOCKS, BLOCKS, 10]."""
    seed = int.from_bytes(hashlib.sha256(f"ninefold mark {key}".encode()).digest())
    shape = (BLOCKS, BLOCKS, len(COEFFICIENTS))
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.float32), shape)


@functools.cache
def make_waves() -> np.ndarray:
    """The pictures of the coefficients, [10, BLOCK, BLOCK]."""
    return np.stack([np.outer(wave(v), wave(u)) for v, u in COEFFICIENTS])


def wave(frequency: int) -> np.ndarray:
    """One row of the orthonormal DCT of a block, [8]."""
    angles = (2 * np.arange(BLOCK) + 1) * frequency * np.pi / (2 * BLOCK)
    return (np.cos(angles) * math.sqrt((2 if frequency else 1) / BLOCK)).astype(np.float32)


def match_corner(luma: np.ndarray, key: str) -> float:
    """The score of [H, W] grey levels where the tile begins in the corner."""
    rows, columns = (side // TILE for side in luma.shape)
    whole = luma[: rows * TILE, : columns * TILE]
    blocks = whole.reshape(rows * BLOCKS, BLOCK, columns * BLOCKS, BLOCK)
    values = soften(np.einsum("iyjx,kyx->ijk", blocks, make_waves(), optimize=True))
    folded = values.reshape(rows, BLOCKS, columns, BLOCKS, -1).sum(axis=(0, 2))
    return float((folded * random_signs(key)).sum() / np.sqrt(np.square(folded).sum() + TINY))


def match_everywhere(luma: np.ndarray, key: str) -> float:
    """The highest score of [H, W] grey levels, wherever the tile begins."""
    height, width = (TILE * (side // TILE) + BLOCK - 1 for side in luma.shape)
    padded = np.pad(luma, ((0, BLOCK - 1), (0, BLOCK - 1)), mode="reflect")[:height, :width]
    signs = np.fft.rfft2(random_signs(key), axes=(0, 1)).conj()
    total = np.zeros((BLOCKS, BLOCK, BLOCKS, BLOCK), np.float32)
    energy = np.full((1, BLOCK, 1, BLOCK), TINY, np.float32)
    for k, (v, u) in enumerate(COEFFICIENTS):
        values = soften(slide(slide(padded, wave(v), 0), wave(u), 1))  # of a block at each pixel
        folded = values.reshape(-1, TILE, values.shape[1] // TILE, TILE).sum(axis=(0, 2))
        folded = folded.reshape(BLOCKS, BLOCK, BLOCKS, BLOCK)
        spectrum = np.fft.rfft2(folded, axes=(0, 2)) * signs[:, None, :, None, k]
        total += np.fft.irfft2(spectrum, s=(BLOCKS, BLOCKS), axes=(0, 2))
        energy += np.square(folded).sum(axis=(0, 2), keepdims=True)
    return float((total / np.sqrt(energy)).max())


def soften(values: np.ndarray) -> np.ndarray:
    """Coefficients so that no edge of the picture outvotes the rest."""
    return values / (np.abs(values) + SOFT)


def slide(values: np.ndarray, weights: np.ndarray, axis: int) -> np.ndarray:
    """The weighted sum of each BLOCK neighbours along an axis, which gets BLOCK - 1 shorter."""
    length = values.shape[axis] - BLOCK + 1
    parts = (
        weight * values.take(range(start, start + length), axis)
        for start, weight in enumerate(weights)
    )
    return functools.reduce(np.add, parts)
