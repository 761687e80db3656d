"""Arrays to pictures, previews, and the sheet."""

import numpy as np
import pytest
from PIL import Image, ImageFont

from dalle.generation.letters import fit_letters
from dalle.generation.pictures import (
    SHEET_LINES,
    grey_out,
    in_batches,
    make_sheet,
    to_images,
    to_pixels,
    wrap,
)


def test_decoded_values_become_bytes() -> None:
    decoded = np.array([-1, 0, 0.25, 0.5, 1, 7, np.nan, np.inf, -np.inf], np.float32)
    assert to_pixels(decoded).tolist() == [0, 0, 64, 128, 255, 255, 0, 255, 0]


def test_pixels_become_rgb_pictures() -> None:
    pixels = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
    images = to_images(pixels)
    assert [(image.mode, image.size) for image in images] == [("RGB", (5, 4))] * 2
    assert (np.stack([np.asarray(image) for image in images]) == pixels).all()


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("count", [1, 4, 6, 11])
def test_batches_have_one_size(count: int, lanes: int) -> None:
    sizes = []

    def double(rows: np.ndarray) -> np.ndarray:
        sizes.append(len(rows))
        return 2 * rows

    rows = np.arange(3 * count).reshape(count, 3)
    assert (in_batches(double, rows, 4, lanes) == 2 * rows).all()
    assert set(sizes) == {4}


def test_what_is_not_generated_is_grey() -> None:
    grey = grey_out(np.zeros((2, 12, 12, 3), np.uint8), known=4)
    assert (grey[:, :4] == 0).all()
    assert (grey[:, 4:] == 128).all()


@pytest.mark.parametrize(
    ("count", "columns", "rows"), [(1, 1, 1), (2, 2, 1), (9, 3, 3), (64, 8, 8)]
)
def test_the_sheet_is_a_square(count: int, columns: int, rows: int) -> None:
    images = [Image.new("RGB", (200, 200), (n + 1, 0, 0)) for n in range(count)]
    sheet = make_sheet(images, "a red apple")
    assert sheet.width == max(208 * columns + 8, 360)
    assert 208 * rows < sheet.height < 208 * rows + 60
    reds = {color[0] for _, color in sheet.getcolors(2**20) if color[1:] == (0, 0)}
    assert reds >= set(range(1, count + 1))


def test_the_prompt_is_printed_under_the_pictures() -> None:
    images = [Image.new("RGB", (64, 64), "white")] * 9
    plain, with_prompt = make_sheet(images, ""), make_sheet(images, "a red apple")
    assert plain.getextrema() == ((255, 255),) * 3
    assert with_prompt.getextrema()[0][0] < 50


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "word " * 2000,
        "x" * 5000,
        "苹果 🍎 تفاحة e\u0301 \u202e",
        "a\nb\x00c\td\x1b[31m",
        "\ud800 half",
        "\U0010ffff",
    ],
    ids=["empty", "long", "one word", "scripts", "control", "surrogate", "unassigned"],
)
def test_any_prompt_fits_under_the_sheet(prompt: str) -> None:
    words, font = fit_letters(prompt, 20)
    lines = wrap(words, font, 300)
    assert len(lines) <= SHEET_LINES
    assert all(font.getlength(line) <= 300 for line in lines)
    make_sheet([Image.new("RGB", (32, 32))], prompt)


def test_lines_break_between_words() -> None:
    font = ImageFont.load_default(20)
    prompt = "a photograph of a red apple on a wooden table in the morning light"
    lines = wrap(prompt, font, 300)
    assert len(lines) > 1
    assert " ".join(lines) == prompt
    assert wrap(prompt * 9, font, 300)[-1].endswith("…")
