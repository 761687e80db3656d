"""The invisible mark: cannot be seen, survives what happens to pictures, is not found elsewhere."""

import functools
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dalle.safety.provenance import former_mark
from dalle.safety.provenance.pattern import TURN_NAMES, list_frequencies
from dalle.safety.provenance.spectrum import WINDOW
from dalle.safety.provenance.watermark import (
    FALSE_ALARMS,
    MOST_WINDOWS,
    PIXELS,
    PLACES,
    THRESHOLD,
    detect,
    embed,
    list_copies,
    list_windows,
)
from tests.audits.ellipses import make_picture
from tests.benchmarks.attacks import ATTACKS, SHEET_ATTACKS, noisy
from tests.benchmarks.scielab import difference

KEY = "a key for tests"
SIDE = 384
PICTURES = range(2)
FORMER = Path(__file__).with_name("former-mark.png")
FIRST_WAVES = Path(__file__).with_name("first-waves.png")


@functools.cache
def marked(number: int, key: str = KEY) -> Image.Image:
    return Image.fromarray(embed(np.asarray(make_picture(number, SIDE)), key))


@pytest.mark.parametrize("attack", [*ATTACKS, "noise", "grey"])
def test_it_survives(attack: str) -> None:
    change = {"noise": noisy, "grey": lambda image: image.convert("L")}.get(attack)
    for number in PICTURES:
        detection = detect((change or ATTACKS[attack])(marked(number)), KEY)
        assert detection.found, (number, detection)


@pytest.mark.parametrize("attack", SHEET_ATTACKS)
def test_a_sheet_survives(attack: str) -> None:
    sheet = Image.new("RGB", (2 * SIDE + 24, 2 * SIDE + 58), "white")
    for place in range(4):
        corner = (8 + place % 2 * (SIDE + 8), 8 + place // 2 * (SIDE + 8))
        sheet.paste(make_picture(place, SIDE), corner)
    sheet = Image.fromarray(embed(np.asarray(sheet), KEY))
    assert detect(SHEET_ATTACKS[attack](sheet), KEY).found


@pytest.mark.parametrize("ground", ["white", "black", "#2255dd"])
@pytest.mark.parametrize("attack", ["JPEG 50", "crop 40 %, JPEG 75"])
def test_a_flat_ground_survives(ground: str, attack: str) -> None:
    before = np.asarray(Image.new("RGB", (SIDE, SIDE), ground))
    assert detect(ATTACKS[attack](Image.fromarray(embed(before, KEY))), KEY).found


@pytest.mark.parametrize("ground", ["black", "grey", "#2255dd"])
def test_a_flat_ground_survives_webp(ground: str) -> None:
    """WebP makes most of a flat ground plain again: what it leaves must be enough."""
    before = np.asarray(Image.new("RGB", (SIDE, SIDE), ground))
    assert detect(ATTACKS["WebP 60"](Image.fromarray(embed(before, KEY))), KEY).found


def test_lines_all_over_do_not_hide_it() -> None:
    """As on a screen's picture: each line was a detail that outvoted the mark beside it."""
    pixels = np.asarray(make_picture(0, SIDE)) * 0.4 + 80
    pixels[np.arange(SIDE) % 8 < 4] -= 40
    pixels += np.random.default_rng(0).normal(0, 4, (SIDE, SIDE, 1))
    marked = Image.fromarray(embed(pixels.clip(0, 255).astype(np.uint8), KEY))
    assert detect(ATTACKS["crop 40 %"](marked), KEY).found
    assert detect(ATTACKS["crop 40 %, JPEG 75"](marked), KEY).found


def test_it_says_how_it_was_found() -> None:
    assert detect(marked(0), KEY).change == ""
    assert detect(ATTACKS["resize 0.5"](marked(0)), KEY).change == "at 0.5 times its size"
    assert detect(ATTACKS["rotate 5"](marked(0)), KEY).change == "turned by 5 degrees"
    told = {
        attack: detect(ATTACKS[attack](marked(0)), KEY).change
        for attack in ("flip left right", "flip top bottom", "rotate 180")
    }
    assert told == {
        "flip left right": "mirrored",
        "flip top bottom": "mirrored upside down",
        "rotate 180": "upside down",
    }
    assert len(set(TURN_NAMES)) == 8


@pytest.mark.parametrize("ground", ["white", "black", "grey", "#2255dd", "gold", "red"])
def test_it_cannot_be_seen_on_flat_ground(ground: str) -> None:
    before = np.asarray(Image.new("RGB", (SIDE, SIDE), ground))
    after = embed(before, KEY)
    moved = np.abs(after.astype(int) - before)
    assert 0.2 < moved.mean() <= 0.8  # grey levels; half of it is cut off on white and on black
    assert moved.max() <= 3
    assert np.percentile(difference(before, after), 99) < 1.5
    assert detect(Image.fromarray(after), KEY).found


@pytest.mark.parametrize("ground", ["grey", "#2255dd", "#fcd728", "#ffcc11"])
def test_flat_ground_moves_by_two_levels_at_most(ground: str) -> None:
    before = np.asarray(Image.new("RGB", (SIDE, SIDE), ground))
    moved = np.abs(embed(before, KEY).astype(int) - before)
    assert moved.max() == 2
    assert 0.5 < moved.mean() < 0.75


def test_a_busy_place_hides_more_and_never_much() -> None:
    before = np.random.default_rng(0).integers(60, 196, (128, 128, 1)).repeat(3, 2)
    before = before.astype(np.uint8)
    moved = embed(before, KEY).astype(int) - before
    assert 2 < moved.std() < 2.6


def test_the_ground_beside_an_edge_stays_calm() -> None:
    """The first mark put dots beside each edge: its blocks took the whole block for busy."""
    before = np.zeros((128, 128, 3), np.uint8) + np.uint8(60)
    before[:, 64:] = 190
    moved = np.abs(embed(before, KEY).astype(int) - before)
    assert moved[:, :56].max() <= 4
    assert moved[:, 56:62].mean() < 1


def test_unmarked_pictures_and_other_keys_have_none() -> None:
    for number in PICTURES:
        assert not detect(make_picture(number, SIDE), KEY).found
        assert not detect(marked(number), f"{KEY}, and not this one").found


def test_scores_without_the_mark_stay_far_from_the_threshold() -> None:
    # Phases of other keys are as good as random: the highest of 16,384 x 8 x 18 places is near 5.
    image = marked(1, "another key")
    assert max(detect(image, f"key {number}").score for number in range(12)) < 6.5
    assert THRESHOLD > 8
    assert PLACES * np.exp(-(THRESHOLD**2) / 2) <= FALSE_ALARMS * 1.001
    assert 2 * len(list_frequencies()) > 4 * THRESHOLD**2  # a score that high is within reach


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (95, 300), (200, 140), (4_000_000, 1)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    width, height = size
    pixels = np.full((height, width, 3), 128, np.uint8)
    if width < 1000:
        after = embed(pixels, KEY)
        assert after.shape == pixels.shape
        assert (pixels == 128).all()  # what was given is as it was
        pixels = after
    assert detect(Image.fromarray(pixels), KEY).found == (size == (200, 140))


@pytest.mark.parametrize("size", [(2000, 2000), (20_000, 200), (400, 10_000)])
def test_the_search_is_bounded(size: tuple[int, int]) -> None:
    copies = list_copies(Image.new("RGB", size))
    assert sum(luma.size for _, luma in copies) <= 1.3 * PIXELS
    windows = [window for _, luma in copies for window in list_windows(*luma.shape)]
    assert len(windows) <= MOST_WINDOWS
    assert all(part.stop - part.start == WINDOW for window in windows for part in window)


def test_memory_is_bounded() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2000, 2000, 3), np.uint8)
    image = Image.fromarray(noise)
    tracemalloc.start()
    assert not detect(image, KEY).found
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150 * 2**20


def test_the_same_key_marks_the_same_way() -> None:
    pixels = np.asarray(make_picture(1))
    np.testing.assert_array_equal(embed(pixels, KEY), embed(pixels, KEY))
    assert (embed(pixels, KEY) != embed(pixels, "another")).any()


def test_waves_of_equal_strength_are_found() -> None:
    """The file was made by the last version whose short waves were as strong as the long ones."""
    image = Image.open(FIRST_WAVES)
    for attack in ("nothing", "JPEG 75", "resize 2", "rotate 5"):
        assert detect(ATTACKS[attack](image), "ninefold").found, attack
    assert not detect(image, "another").found


def test_the_mark_of_earlier_versions_is_found() -> None:
    """The file was made by the last version that put that mark on."""
    image = Image.open(FORMER)
    assert former_mark.detect(image, "ninefold") >= former_mark.THRESHOLD
    assert former_mark.detect(image, "another") < former_mark.THRESHOLD
    half = image.resize((96, 96), Image.Resampling.LANCZOS)
    assert former_mark.detect(half, "ninefold") >= former_mark.THRESHOLD
    assert former_mark.detect(marked(0), KEY) < former_mark.THRESHOLD
