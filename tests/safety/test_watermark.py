"""The invisible mark: cannot be seen, survives what happens to pictures, is not found elsewhere."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from dalle.safety.watermark import (
    FALSE_ALARMS,
    LUMA,
    PLACES,
    THRESHOLD,
    detect,
    embed,
    match_everywhere,
)
from tests.safety.drawn import draw_picture

KEY = "a key for tests"
PICTURES = range(4)


def marked(number: int) -> Image.Image:
    return Image.fromarray(embed(np.asarray(draw_picture(number)), KEY))


def saved(image: Image.Image, form: str, quality: int) -> Image.Image:
    content = io.BytesIO()
    image.save(content, form, quality=quality)
    return Image.open(content)


def resized(image: Image.Image, factor: float) -> Image.Image:
    return image.resize(
        tuple(round(factor * side) for side in image.size), Image.Resampling.LANCZOS
    )


def noisy(image: Image.Image) -> Image.Image:
    noise = np.random.default_rng(0).normal(0, 5, (*image.size[::-1], 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def cropped(image: Image.Image) -> Image.Image:
    return image.crop((13, 9, image.width - 5, image.height - 3))


def mirrored(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


CHANGES = {
    "nothing": lambda image: image,
    "JPEG 90": lambda image: saved(image, "JPEG", 90),
    "JPEG 75": lambda image: saved(image, "JPEG", 75),
    "WebP 80": lambda image: saved(image, "WEBP", 80),
    "half the size": lambda image: resized(image, 0.5),
    "three quarters of the size": lambda image: resized(image, 0.75),
    "twice the size": lambda image: resized(image, 2),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "grey": lambda image: image.convert("L"),
    "noise": noisy,
    "cut by a block": lambda image: image.crop((8, 0, *image.size)),
    "cut anywhere": cropped,
    "mirrored": mirrored,
    "mirrored, cut, JPEG 75": lambda image: saved(cropped(mirrored(image)), "JPEG", 75),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_survives(change: Callable) -> None:
    for number in PICTURES:
        detection = detect(change(marked(number)), KEY)
        assert detection.found, (number, detection)


def test_it_says_how_it_was_found() -> None:
    assert not detect(marked(0), KEY).mirrored
    assert detect(mirrored(marked(0)), KEY).mirrored
    assert detect(resized(marked(0), 0.5), KEY).scale == 2


def test_it_cannot_be_seen() -> None:
    for number in PICTURES:
        before = np.asarray(draw_picture(number))
        after = embed(before, KEY)
        error = np.mean(np.square(after.astype(float) - before))
        assert 10 * np.log10(255**2 / error) > 38  # dB; 30 is where people begin to see it
        assert after.dtype == np.uint8


def test_unmarked_pictures_and_other_keys_have_none() -> None:
    for number in PICTURES:
        assert not detect(draw_picture(number), KEY).found
        assert not detect(marked(number), f"{KEY}, and not this one").found


def test_scores_without_the_mark_stay_far_from_the_threshold() -> None:
    # 80 keys, 4,096 places each: of 330,000 normal draws the highest is about 4.6.
    luma = np.asarray(draw_picture(3), np.float32) @ LUMA
    scores = [match_everywhere(luma, f"key {number}") for number in range(80)]
    assert max(scores) < 6
    assert THRESHOLD > 6.7
    assert PLACES * np.exp(-(THRESHOLD**2) / 2) <= FALSE_ALARMS * 1.001


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (63, 200), (130, 75)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    width, height = size
    pixels = np.full((height, width, 3), 128, np.uint8)
    after = embed(pixels, KEY)
    assert after.shape == pixels.shape
    assert (pixels == 128).all()  # what was given is as it was
    detection = detect(Image.fromarray(after), KEY)
    assert detection.found == (size == (130, 75))


def test_the_same_key_marks_the_same_way() -> None:
    pixels = np.asarray(draw_picture(1))
    np.testing.assert_array_equal(embed(pixels, KEY), embed(pixels, KEY))
    assert (embed(pixels, KEY) != embed(pixels, "another")).any()


def test_all_sides_are_marked() -> None:
    """A sheet of nine is one picture of another shape."""
    sheet = Image.new("RGB", (300, 520), "white")
    assert detect(
        Image.fromarray(embed(np.asarray(sheet), KEY)).crop((70, 300, 300, 520)), KEY
    ).found
