"""The invisible mark: smooth waves in a picture's brightness, whose phases are drawn by a key.

Flat grounds change by less than a grey level, busy places by a few. The detector finds the scale
and the angle of the waves from the picture's spectrum, then compares their phases with the key's.
It answers one question, "is our pattern in there?", and carries no message.

Without the mark, the score of any picture exceeds t with a probability of at most exp(-t^2 / 2)
(Hoeffding's lemma for a cosine of a random angle). THRESHOLD is where that, times the number of
places searched, is below one in a million.

The algorithm is open: anybody with the key can remove the mark or forge it. It is a hint, no proof.
"""

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from dalle.safety.provenance.pattern import LUMA, TILE, TURN_NAMES, TURNS, make_tile
from dalle.safety.provenance.spectrum import (
    CELLS,
    LARGEST,
    SHIFTS,
    SMALLEST,
    WINDOW,
    average,
    search,
)

PUBLIC_KEY = "ninefold"  # it is public: anybody can add or remove its mark

FLAT = 1.0  # grey levels on a flat ground, as a standard deviation: 0.7 on average
MOST = 2.5  # where a picture is busy
CALM = 0.3  # grey levels of detail that hide nothing
HIDING = 0.7  # grey levels of mark that one more of detail hides
PURE = 2, 253  # a colour whose channels are below and beyond these is as strong as can be
ROOM = np.uint8(2)  # grey levels that a channel should be able to rise and fall
STRONGER = 1.4  # at most, where it cannot
NEAR = 3  # pixels around one that say whether it is busy

PIXELS = 2**20  # a larger picture is made smaller first
SMALLEST_SIDE = 96  # pixels; with fewer there is too little to look at
OVERLAP = 2  # windows over each pixel, in each direction
MOST_WINDOWS = 40
USUAL = (0.5, 2 / 3, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)  # sizes of copies, as screens and sites make
DETAIL = 8  # pixels around one whose mean is no detail
LOCAL = 4  # pixels around one whose details it is compared with
NOISE = 0.9  # grey levels of detail that are there without any picture
HIGHEST = 3.0  # of a detail, as a multiple of those around it
FALSE_ALARMS = 5e-7  # the other half is former_mark's
PLACES = MOST_WINDOWS * (CELLS + len(USUAL)) * len(TURNS) * SHIFTS**2
THRESHOLD = math.sqrt(2 * math.log(PLACES / FALSE_ALARMS))  # 8.2


@dataclass(frozen=True)
class Detection:
    """The result of the search: `score` beyond THRESHOLD means that the mark is there."""

    score: float  # standard deviations of a picture without the mark; the highest of all places
    turn: int = 0  # of pattern.TURNS
    scale: float = 1.0  # of the copy, as large as this times the original
    degrees: float = 0.0

    @property
    def found(self) -> bool:
        """Whether the mark is there."""
        return self.score >= THRESHOLD

    @property
    def change(self) -> str:
        """The change of the copy, in words; empty if nothing was."""
        turned = abs(self.degrees) >= 0.5
        changes = [
            TURN_NAMES[self.turn],
            f"turned by {abs(self.degrees):.0f} degrees" if turned else "",
            f"at {self.scale:.2g} times its size" if abs(self.scale - 1) > 0.02 else "",
        ]
        return ", ".join(change for change in changes if change)


def embed(pixels: np.ndarray, key: str) -> np.ndarray:
    """[H, W, 3] uint8 with the mark of the key."""
    height, width = pixels.shape[:2]
    tiles = (math.ceil(height / TILE), math.ceil(width / TILE))
    pattern = np.tile(make_tile(key), tiles)[:height, :width]  # [H, W]
    channels = [pixels[..., channel] for channel in range(3)]  # quicker than along the last axis
    strongest, weakest = (
        functools.reduce(np.maximum, channels),
        functools.reduce(np.minimum, channels),
    )
    # Where white or black cuts one half off, the other is stronger.
    room = np.minimum(255 - weakest, ROOM) + np.minimum(strongest, ROOM)
    strength = measure_strength(pixels @ LUMA) * np.minimum(2 * ROOM / room, STRONGER)
    mark = np.rint(pattern * strength).astype(np.int16)
    # Where one colour cannot rise and another cannot fall, the hue would change: at most one level.
    pure = (strongest > PURE[1]) & (weakest < PURE[0])
    mark = np.where(pure, mark.clip(-1, 1), mark)
    return np.clip(pixels + mark[..., None], 0, 255).astype(np.uint8)


def measure_strength(luma: np.ndarray) -> np.ndarray:
    """Grey levels of mark that each pixel hides, [H, W].

    A pixel is as busy as the calmest square that it is in: the ground beside an edge stays flat.
    """
    detail = average(np.square(luma - average(luma, NEAR)), NEAR)
    detail = np.sqrt(np.maximum(detail, 0))  # sums round
    strength = np.clip(FLAT + HIDING * (lowest(detail, NEAR) - CALM), FLAT, MOST)
    return average(strength, NEAR)


def lowest(values: np.ndarray, reach: int) -> np.ndarray:
    """The lowest of each square of 2 * reach + 1 on a side, edges repeated."""
    height, width = values.shape
    steps = range(2 * reach + 1)
    padded = np.pad(values, reach, mode="edge")
    rows = functools.reduce(np.minimum, (padded[step : step + height] for step in steps))
    return functools.reduce(np.minimum, (rows[:, step : step + width] for step in steps))


def detect(image: Image.Image, key: str) -> Detection:
    """The best match of the key's mark in a picture of any size; a score of 0 if too small."""
    best = Detection(0.0)
    for shrunk, luma in list_copies(image.convert("RGB")):
        usual = [shrunk * size for size in USUAL if SMALLEST <= shrunk * size <= LARGEST]
        for window in itertools.islice(list_windows(*luma.shape), MOST_WINDOWS):
            match = search(filter_details(luma[window]), key, usual)
            if match.score > best.score:
                best = Detection(
                    match.score, match.turn, match.scale / shrunk, math.degrees(match.angle)
                )
            if best.found:
                return best
    return best


def list_copies(image: Image.Image) -> list[tuple[float, np.ndarray]]:
    """How much smaller each copy is, and its brightness: one of at most PIXELS, and its half."""
    whole = min(1.0, math.sqrt(PIXELS / (image.width * image.height)))
    copies = []
    for shrunk in (whole, whole / 2):
        size = tuple(round(shrunk * side) for side in image.size)
        if min(size) >= SMALLEST_SIDE:
            copy = image if shrunk == 1 else image.resize(size, Image.Resampling.LANCZOS)
            copies.append((shrunk, np.asarray(copy, np.float32) @ LUMA))
    return copies


def list_windows(height: int, width: int) -> list[tuple[slice, slice]]:
    """Squares of at most WINDOW that overlap by half."""
    return [
        (slice(top, top + WINDOW), slice(left, left + WINDOW))
        for top in list_starts(height)
        for left in list_starts(width)
    ]


def list_starts(side: int) -> list[int]:
    room = max(side - WINDOW, 0)
    parts = math.ceil(room * OVERLAP / WINDOW)
    return [round(room * part / max(parts, 1)) for part in range(parts + 1)]


def filter_details(luma: np.ndarray) -> np.ndarray:
    """The image without large structures: details, of which no edge outvotes the rest.

    Each is divided by the details around it, and counts by how much of them may be mark.
    """
    detail = luma - average(luma, DETAIL)
    around = np.sqrt(np.maximum(average(np.square(detail), LOCAL), 0))  # sums round
    expected = np.clip(FLAT + HIDING * (around - CALM), FLAT, MOST) / (around + NOISE)
    return np.clip(detail / (around + NOISE), -HIGHEST, HIGHEST) * np.sqrt(expected)
