"""The invisible mark: a keyed pattern in the low frequencies of a picture's brightness.

The pattern is a tile of TILE x TILE pixels that repeats over the picture: in each 8 x 8 block ten
low DCT coefficients (those that JPEG keeps) go up or down as the key says. The detector looks for
the signs of these coefficients at every offset of the tile, mirrored too, and in copies of
another size. It answers one question, "is our pattern in there?", and carries no message.

Signs that are drawn at random and a picture that knows nothing of them give a score beyond t with
a probability of at most exp(-t^2 / 2) (Hoeffding's inequality), whatever the picture; THRESHOLD
is where that, times all the places looked at, is below one in a million.

The algorithm is open: whoever has the key can remove the mark or forge it. It is a hint, no proof.
"""

import functools
import hashlib
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

BLOCK = 8
TILE = 64  # pixels; a multiple of BLOCK
BLOCKS = TILE // BLOCK
# (down, across) of the DCT coefficients, and how far each is moved on a plain surface: just over
# half a step of JPEG's brightness table at quality 75, so that rounding does not undo it.
COEFFICIENTS = {
    (0, 1): 3.5, (0, 2): 3.1, (0, 3): 4.1, (1, 0): 3.5, (1, 1): 3.5,
    (1, 2): 3.8, (2, 0): 3.8, (2, 1): 3.8, (2, 2): 4.1, (3, 0): 3.8,
}  # fmt: skip
HEADROOM = 2  # grey levels that white and black step back, or half of the pattern would be cut off
# Grey levels that the mark is a multiple of. With four a PNG file grows by a third less than with
# one, the mark stands JPEG at quality 50 better, and nothing else much worse.
STEP = 4
ACTIVITY = 16.0  # standard deviation of a block, in grey levels, that doubles the mark
MOST = 2.0  # times the mark of a plain surface, where there is much going on
LUMA = np.array([0.299, 0.587, 0.114], np.float32)

SIDES = (128, 192, 256, 384, 512)  # longer sides that a resized copy may have had
FACTORS = (0.5, 2.0)
LOOKED_AT = 1024  # pixels of each side that are searched; more would be slow and no surer
MOST_SIDE = 2048  # pixels of the longer side of a copy in another size
FALSE_ALARMS = 1e-6
PLACES = 2 * (TILE**2 + len(SIDES) + len(FACTORS))
THRESHOLD = math.sqrt(2 * math.log(PLACES / FALSE_ALARMS))  # 6.8
SOFT = 12.0  # coefficients well above this count as one: no single edge decides
TINY = 1e-6  # against a division by zero on a picture of one colour


@dataclass(frozen=True)
class Detection:
    """What the search found: `score` beyond THRESHOLD means that the mark is there."""

    score: float  # standard deviations of a picture without the mark; the highest of all places
    mirrored: bool
    scale: float  # at which it was found, of the picture's own size

    @property
    def found(self) -> bool:
        return self.score >= THRESHOLD


def embed(pixels: np.ndarray, key: str) -> np.ndarray:
    """[H, W, 3] uint8 with the mark of the key; sides below one block are left as they are."""
    height, width = pixels.shape[:2]
    room = np.clip(pixels, HEADROOM, 255 - HEADROOM).astype(np.float32)  # [H, W, 3]
    tiles = (math.ceil(height / TILE), math.ceil(width / TILE))
    pattern = np.tile(draw_pattern(key), tiles)[:height, :width]  # [H, W]
    strength = measure_strength(room @ LUMA)  # [H, W]
    mark = STEP * np.round(pattern * strength / STEP)
    return np.clip(room + mark[..., None], 0, 255).astype(np.uint8)


def detect(image: Image.Image, key: str) -> Detection:
    """The best match of the key's mark in a picture of any size; a score of 0 if too small.

    As it is, the picture may be cropped anywhere; copies in another size are only looked at whole.
    """
    image = image.convert("RGB")
    best = Detection(0.0, False, 1.0)
    for scale in list_scales(*image.size):
        size = tuple(round(scale * side) for side in image.size)
        copy = image if scale == 1 else image.resize(size, Image.Resampling.BICUBIC)
        copy = copy.crop((0, 0, *(min(side, LOOKED_AT) for side in size)))
        luma = np.asarray(copy, np.float32) @ LUMA
        for mirrored in (False, True):
            turned = luma[:, ::-1] if mirrored else luma
            score = match_everywhere(turned, key) if scale == 1 else match_corner(turned, key)
            best = max(best, Detection(score, mirrored, scale), key=lambda found: found.score)
        if best.found:
            break
    return best


def list_scales(width: int, height: int) -> list[float]:
    """1, then those that may undo a change of size; only what leaves enough pixels to look at."""
    longer, shorter = max(width, height), min(width, height)
    others = {*FACTORS, *(side / longer for side in SIDES)} - {1.0}
    scales = [1.0, *sorted(others)]
    return [s for s in scales if round(s * shorter) >= TILE and (s == 1 or s * longer <= MOST_SIDE)]


@functools.lru_cache(maxsize=8)
def draw_signs(key: str) -> np.ndarray:
    """+1 or -1 for each coefficient of the tile's blocks, [BLOCKS, BLOCKS, 10]."""
    seed = int.from_bytes(hashlib.sha256(f"ninefold mark {key}".encode()).digest())
    shape = (BLOCKS, BLOCKS, len(COEFFICIENTS))
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.float32), shape)


@functools.lru_cache(maxsize=8)
def draw_pattern(key: str) -> np.ndarray:
    """The tile in grey levels, [TILE, TILE], as it is on a plain surface."""
    amounts = draw_signs(key) * np.array([*COEFFICIENTS.values()], np.float32) / hold_gains()
    blocks = np.einsum("ijk,kyx->iyjx", amounts, make_waves())
    # Two by two pixels are alike: a PNG file grows by a third less than with a finer pattern.
    coarse = blocks.reshape(TILE // 2, 2, TILE // 2, 2).mean(axis=(1, 3))
    return coarse.repeat(2, 0).repeat(2, 1).astype(np.float32)


@functools.cache
def make_waves() -> np.ndarray:
    """The pictures of the coefficients, [10, BLOCK, BLOCK]."""
    return np.stack([np.outer(wave(v), wave(u)) for v, u in COEFFICIENTS])


def hold_gains() -> np.ndarray:
    """What pixels two by two leave of each coefficient's height, [10]."""
    angles = np.array([*COEFFICIENTS]) * np.pi / (2 * BLOCK)
    return np.cos(angles).prod(axis=1).astype(np.float32)


def wave(frequency: int) -> np.ndarray:
    """One row of the orthonormal DCT of a block, [8]."""
    angles = (2 * np.arange(BLOCK) + 1) * frequency * np.pi / (2 * BLOCK)
    return (np.cos(angles) * math.sqrt((2 if frequency else 1) / BLOCK)).astype(np.float32)


def measure_strength(luma: np.ndarray) -> np.ndarray:
    """1 on plain surfaces up to MOST where a block is busy and hides more, [H, W]."""
    height, width = luma.shape
    padded = np.pad(luma, ((0, -height % BLOCK), (0, -width % BLOCK)), mode="edge")
    rows, columns = padded.shape[0] // BLOCK, padded.shape[1] // BLOCK
    deviation = padded.reshape(rows, BLOCK, columns, BLOCK).std(axis=(1, 3))
    strength = np.minimum(1 + deviation / ACTIVITY, MOST)
    return strength.repeat(BLOCK, 0).repeat(BLOCK, 1)[:height, :width]


def match_corner(luma: np.ndarray, key: str) -> float:
    """The score of [H, W] grey levels where the tile begins in the corner."""
    rows, columns = (side // TILE for side in luma.shape)
    whole = luma[: rows * TILE, : columns * TILE]
    blocks = whole.reshape(rows * BLOCKS, BLOCK, columns * BLOCKS, BLOCK)
    values = soften(np.einsum("iyjx,kyx->ijk", blocks, make_waves(), optimize=True))
    folded = values.reshape(rows, BLOCKS, columns, BLOCKS, -1).sum(axis=(0, 2))
    return float((folded * draw_signs(key)).sum() / np.sqrt(np.square(folded).sum() + TINY))


def match_everywhere(luma: np.ndarray, key: str) -> float:
    """The highest score of [H, W] grey levels, wherever the tile begins."""
    height, width = (TILE * (side // TILE) + BLOCK - 1 for side in luma.shape)
    padded = np.pad(luma, ((0, BLOCK - 1), (0, BLOCK - 1)), mode="reflect")[:height, :width]
    signs = np.fft.rfft2(draw_signs(key), axes=(0, 1)).conj()
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
