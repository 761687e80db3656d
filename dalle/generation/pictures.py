"""Between arrays and pictures: decoding in batches, previews, and the sheet with its prompt."""

import base64
import io
import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dalle.generation.letters import fit_letters
from dalle.generation.parallel import side_by_side

NEUTRAL_GREY = 128

SHEET_GAP = 8  # pixels between and around the pictures
SHEET_FONT_SIZE = 20
SHEET_LINES = 4  # of the prompt; the rest is an ellipsis
SHEET_SMALLEST = 360  # pixels across, so that a prompt under tiny pictures can be read
PAPER, INK = "white", "black"
SIGNATURE_FONT_SIZE = 15
SIGNATURE_HEIGHT = 24
QUIET_INK = "#57534e"


def in_batches(function: Callable, rows: np.ndarray, size: int, lanes: int = 1) -> np.ndarray:
    """`function` over [N, ...] in batches of exactly `size` rows, the last one filled up.

    One shape: one compilation, and a row's result does not depend on how many there are. As many
    batches are at work as there are lanes.
    """
    missing = -len(rows) % size
    filled = np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)])
    batches = np.split(filled, len(filled) // size)
    done = side_by_side(lambda batch: np.asarray(function(batch)), batches, lanes)
    return np.concatenate(done)[: len(rows)]


def to_pixels(decoded: np.ndarray) -> np.ndarray:
    """Decoded values, about 0..1, of any shape -> uint8 0..255; NaN becomes black."""
    return np.round(np.clip(np.nan_to_num(decoded, nan=0.0), 0, 1) * 255).astype(np.uint8)


def to_images(pixels: np.ndarray) -> list[Image.Image]:
    """[N, H, W, 3] uint8 -> N RGB pictures."""
    return [Image.fromarray(picture) for picture in pixels]


def repeat_pixels(pixels: np.ndarray, resolution: int) -> np.ndarray:
    """[N, H, W, 3] with each pixel as often as makes pictures of that many pixels a side."""
    times = resolution // pixels.shape[1]
    return pixels.repeat(times, 1).repeat(times, 2)


def grey_out(pixels: np.ndarray, known: int) -> np.ndarray:
    """[N, H, W, 3] with grey in place of the rows after the first `known`."""
    grey = pixels.copy()
    grey[:, known:] = NEUTRAL_GREY
    return grey


def make_grid(images: Sequence[Image.Image]) -> Image.Image:
    """The pictures in a square, along the rows, with a gap around each."""
    columns = math.ceil(math.sqrt(len(images)))
    rows = math.ceil(len(images) / columns)
    across, down = (length + SHEET_GAP for length in images[0].size)
    grid = Image.new("RGB", (columns * across + SHEET_GAP, rows * down + SHEET_GAP), PAPER)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        grid.paste(image, (SHEET_GAP + column * across, SHEET_GAP + row * down))
    return grid


def make_sheet(images: Sequence[Image.Image], prompt: str, signature: str = "") -> Image.Image:
    """The pictures in a square, best first along the rows, with the prompt underneath.

    Letters that no font has are left out. `signature` is a last line in small letters: where the
    sheet comes from.
    """
    grid = make_grid(images)
    width = max(grid.width, SHEET_SMALLEST)
    words, font = fit_letters(prompt, SHEET_FONT_SIZE)
    lines = wrap(words, font, width - 2 * SHEET_GAP)
    line_height = round(1.3 * SHEET_FONT_SIZE)
    below = len(lines) * line_height + (SIGNATURE_HEIGHT if signature else 0) + SHEET_GAP
    sheet = Image.new("RGB", (width, grid.height + below), PAPER)
    sheet.paste(grid, ((width - grid.width) // 2, 0))
    pen = ImageDraw.Draw(sheet)
    for index, line in enumerate(lines):
        middle = (width / 2, grid.height + (index + 0.5) * line_height)
        pen.text(middle, line, INK, font, anchor="mm")
    if signature:
        told, small = fit_letters(signature, SIGNATURE_FONT_SIZE)
        foot = (width / 2, sheet.height - SHEET_GAP - SIGNATURE_HEIGHT / 2)
        (line, *_) = wrap(told, small, width - 2 * SHEET_GAP)
        pen.text(foot, line, QUIET_INK, small, anchor="mm")
    return sheet


def wrap(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """The text in lines of at most `width` pixels and at most SHEET_LINES of them.

    Words longer than a line are broken.
    """
    lines = [""]
    for word in text.split():
        if lines[-1] and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] = f"{lines[-1]} {word}"
            continue
        if lines[-1]:
            lines.append("")
        for letter in word:
            if font.getlength(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
        if len(lines) > SHEET_LINES:
            shortened = lines[SHEET_LINES - 1]
            while shortened and font.getlength(f"{shortened}…") > width:
                shortened = shortened[:-1]
            return [*lines[: SHEET_LINES - 1], f"{shortened}…"]
    return lines


PREVIEW_QUALITY = 80


def encode_preview(sheet: Image.Image) -> bytes:
    """A sheet on the way as a small file: it is looked at for a second.

    WebP takes thirty times as long, while the next codes are waiting to be drawn.
    """
    encoded = io.BytesIO()
    sheet.save(encoded, "JPEG", quality=PREVIEW_QUALITY)
    return encoded.getvalue()


def data_uri(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
