"""The pattern of the invisible mark: smooth waves that repeat every TILE pixels.

The frequencies of the waves are the same for every key, and alike under the eight turns of a
square: their places in a picture's spectrum tell its scale and its angle. The phases are the key's:
they alone tell whether the pattern is ours.
"""

import functools
import hashlib
import math

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
TILE = 128  # pixels
# Waves across a tile: wavelengths of 9.8 to 25.6 pixels. Shorter ones are lost in WebP, which
# rounds blocks of 4 x 4 pixels coarsely; longer ones leave too few for a small picture.
SLOWEST, FASTEST = 5.0, 13.0
SHARE = 0.9  # of all frequencies in that ring; the gaps make the scale and the angle plain
PEAK = 2.36  # standard deviations: on flat ground a pixel moves by at most two grey levels
# The eight turns of a square: the effect of each on (across, down), down being positive.
TURNS = np.array(
    [
        [[1, 0], [0, 1]],
        [[0, -1], [1, 0]],
        [[-1, 0], [0, -1]],
        [[0, 1], [-1, 0]],
        [[-1, 0], [0, 1]],
        [[1, 0], [0, -1]],
        [[0, 1], [1, 0]],
        [[0, -1], [-1, 0]],
    ]
)

TURN_NAMES = (
    "", "turned by 90 degrees", "upside down", "turned by 270 degrees", "mirrored",
    "mirrored upside down", "mirrored at a diagonal", "mirrored at the other diagonal",
)  # fmt: skip


@functools.cache
def list_frequencies() -> np.ndarray:
    """Waves in a tile, (across, down), across > 0, [waves, 2]; opposite ones are implied."""
    reach = range(1, int(FASTEST) + 1)
    wedge = [
        (x, y) for x in reach for y in range(1, x + 1) if SLOWEST <= math.hypot(x, y) <= FASTEST
    ]
    chosen = np.random.default_rng(5).permutation(wedge)[: round(SHARE * len(wedge))]
    turned = (chosen @ TURNS).reshape(-1, 2)
    return np.unique(turned[turned[:, 0] > 0], axis=0)


@functools.lru_cache(maxsize=8)
def random_phases(key: str) -> np.ndarray:
    """The phase of each wave in radians, drawn by the key, [waves]."""
    seed = int.from_bytes(hashlib.sha256(f"ninefold waves {key}".encode()).digest())
    return np.random.default_rng(seed).uniform(0, 2 * np.pi, len(list_frequencies()))


@functools.lru_cache(maxsize=8)
def make_tile(key: str) -> np.ndarray:
    """The pattern with a standard deviation of 1, float32 [TILE, TILE].

    Long waves are stronger: WebP leaves more of them, and the eye sees them no better.
    """
    across, down = list_frequencies().T
    spectrum = np.zeros((TILE, TILE // 2 + 1), complex)
    strengths = 1 / np.hypot(across, down)
    spectrum[down % TILE, across] = strengths * np.exp(1j * random_phases(key))
    waves = np.fft.irfft2(spectrum, s=(TILE, TILE))
    return np.clip(waves / waves.std(), -PEAK, PEAK).astype(np.float32)
