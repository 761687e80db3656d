"""Where a picture's spectrum holds the mark's waves: their scale and angle, then their phases.

The scale and the angle are found from the strengths alone, as in Pereira and Pun, "Robust template
matching for affine resistant image watermarks" (2000); the phases decide afterwards.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dalle.safety.provenance.pattern import TILE, TURNS, list_frequencies, random_phases

WINDOW = 512  # pixels of a side that one spectrum is taken of, at most
POINTS = 768  # of the spectrum in each direction: between the waves of a window there are others
SMALLEST, LARGEST = 0.3, 1.6  # scales that a spectrum is searched for
SCALE_STEP = 0.004
ANGLES = np.radians(np.arange(-6, 6.01, 0.25))
REACH = math.ceil(1.02 * POINTS * np.hypot(*list_frequencies().T).max() / TILE / SMALLEST)
NEIGHBOURS = 14  # points on each side that estimate a point without the mark
CELLS = 10  # scales and angles of a spectrum whose phases are looked at
COARSE, SHIFTS = 64, 128  # places in each direction: tried for each of them, and for the best
TINY = 1e-9
SCALES = SMALLEST * (1 + SCALE_STEP) ** np.arange(
    math.ceil(math.log(LARGEST / SMALLEST) / math.log(1 + SCALE_STEP))
)


@dataclass(frozen=True)
class Match:
    """How well the phases of a spectrum fit the key's, and where they do best."""

    score: float  # standard deviations of a picture without the mark
    turn: int  # of TURNS
    scale: float
    angle: float  # radians


def search(values: np.ndarray, key: str, usual: Sequence[float] = ()) -> Match:
    """The best match in one window of filtered brightness, [H, W], sides of at most WINDOW.

    `usual` are scales to look at whatever the strengths are. Neither they nor the strengths know
    the key, so every place counts once for the chance of a false alarm.
    """
    spectrum = whiten(transform(values))
    cells = find_cells(compare_with_neighbours(spectrum)) + [(scale, 0.0) for scale in usual]
    _, scale, angle = max(
        (judge_phases(spectrum, key, *cell, COARSE).score, *cell) for cell in cells
    )
    return judge_phases(spectrum, key, scale, angle, SHIFTS)


def transform(values: np.ndarray) -> np.ndarray:
    """The part of the spectrum that may hold the mark, phases as in the window's middle.

    complex64 [2 * REACH + 1, REACH + 1]: down from -REACH, across from 0.
    """
    height, width = values.shape
    rows = np.fft.rfft(values, POINTS, axis=1)[:, : REACH + 1]  # quicker than rfft2 of the whole
    whole = np.fft.fft(rows, POINTS, axis=0)
    part = np.concatenate([whole[-REACH:], whole[: REACH + 1]])
    down = np.exp(1j * np.pi * np.arange(-REACH, REACH + 1) * (height - 1) / POINTS)
    across = np.exp(1j * np.pi * np.arange(REACH + 1) * (width - 1) / POINTS)
    return (part * down[:, None] * across).astype(np.complex64)


def whiten(spectrum: np.ndarray) -> np.ndarray:
    """Each point as a multiple of those around it: a picture's own lines outvote nothing."""
    around = np.sqrt(average(np.square(np.abs(spectrum)), NEIGHBOURS))
    return spectrum / (around + TINY)


def compare_with_neighbours(spectrum: np.ndarray) -> np.ndarray:
    """0 to 1: how far each point of a whitened spectrum stands out, float32, one line."""
    power = np.square(np.abs(spectrum))
    return (power / (power + 1)).ravel()


@functools.cache
def list_points() -> np.ndarray:
    """The point of the spectrum for each scale, angle and wave, int32 [scales, angles, waves]."""
    columns = [as_points(place_waves(SCALES[:, None], angle))[0] for angle in ANGLES]
    return np.stack(columns, axis=1)


def place_waves(scale: np.ndarray | float, angle: np.ndarray | float) -> np.ndarray:
    """Where the waves are in the spectrum of a picture so scaled and turned: across + i down."""
    across, down = list_frequencies().T
    return (across + 1j * down) * np.exp(1j * angle) * (POINTS / TILE / scale)


def as_points(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest points of the spectrum in one line, and which stand for their opposites."""
    opposite = places.real < 0
    places = np.where(opposite, -places, places)
    down, across = np.rint(places.imag).astype(np.int32), np.rint(places.real).astype(np.int32)
    return (down + REACH) * (REACH + 1) + across, opposite


def find_cells(strengths: np.ndarray) -> list[tuple[float, float]]:
    """The scales and angles at which the waves stand out most, best first."""
    sums = strengths.take(list_points()).sum(axis=2)  # [scales, angles]
    cells = []
    for _ in range(CELLS):
        s, a = np.unravel_index(sums.argmax(), sums.shape)
        cells.append((float(SCALES[s]), float(ANGLES[a])))
        sums[max(s - 3, 0) : s + 4, max(a - 2, 0) : a + 3] = 0
    return cells


def judge_phases(
    spectrum: np.ndarray, key: str, scale: float, angle: float, shifts: int = SHIFTS
) -> Match:
    """The best match of the key's phases over all turns and shifts x shifts places."""
    values = read_between(spectrum, place_waves(scale, angle))
    values *= weigh_waves() / (np.abs(values) + 1)  # no wave outvotes the rest
    sources, mirrored = list_turns()
    turned = values[sources]  # [turns, waves]
    turned = np.where(mirrored, turned.conj(), turned) * np.exp(-1j * random_phases(key))
    places, flipped = lay_out(shifts)
    layout = np.zeros((len(TURNS), shifts, shifts // 2 + 1), np.complex64)
    layout[places] = np.where(flipped, turned.conj(), turned)
    sums = np.fft.irfft2(layout, s=(shifts, shifts)) * (shifts**2 / 2)
    best = int(sums.argmax())
    score = float(sums.flat[best] / np.sqrt(np.square(np.abs(values)).sum() / 2 + TINY))
    return Match(score, best // shifts**2, scale, angle)


@functools.cache
def lay_out(shifts: int) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Each wave's place in half a spectrum of each turn, and whether its opposite stands there."""
    # The wave k of the pattern is the wave `turn @ k` of the picture.
    across, down = (list_frequencies() @ TURNS.transpose(0, 2, 1)).transpose(2, 0, 1)
    flipped = across < 0
    turns = np.arange(len(TURNS))[:, None]
    return (turns, np.where(flipped, -down, down) % shifts, np.abs(across)), flipped


def read_between(spectrum: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The spectrum at places between its points, as a mean of the four around, [waves]."""
    opposite = places.real < 0
    places = np.where(opposite, -places, places)
    down, across = np.floor(places.imag).astype(int), np.floor(places.real).astype(int)
    below, beside = places.imag - down, places.real - across
    down += REACH
    values = (1 - below) * (
        (1 - beside) * spectrum[down, across] + beside * spectrum[down, across + 1]
    ) + below * (
        (1 - beside) * spectrum[down + 1, across] + beside * spectrum[down + 1, across + 1]
    )
    return np.where(opposite, values.conj(), values)


@functools.cache
def weigh_waves() -> np.ndarray:
    """Between the weights that are best for waves as strong as today's and as the first ones."""
    return 1 / np.sqrt(np.hypot(*list_frequencies().T))


@functools.cache
def list_turns() -> tuple[np.ndarray, np.ndarray]:
    """The wave that each becomes in each turn, and whether as its opposite, [turns, waves]."""
    waves = list_frequencies()
    number = {(x, y): k for k, (x, y) in enumerate(waves.tolist())}
    turned = waves @ TURNS.transpose(0, 2, 1)  # [turns, waves, 2]
    opposite = turned[..., 0] < 0
    turned = np.where(opposite[..., None], -turned, turned)
    sources = [[number[x, y] for x, y in one] for one in turned.tolist()]
    return np.array(sources), opposite


def average(values: np.ndarray, reach: int) -> np.ndarray:
    """The mean of each square of 2 * reach + 1 on a side, edges repeated."""
    side = 2 * reach + 1
    padded = np.pad(values, ((reach + 1, reach), (reach + 1, reach)), mode="edge")
    sums = padded.cumsum(0, dtype=np.float64).cumsum(1)
    squares = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return (squares / side**2).astype(np.float32)
