"""What happens to pictures on their way: the changes that the invisible mark must stand."""

import io
from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.audits.ellipses import make_picture

Change = Callable[[Image.Image], Image.Image]
TURNS = (
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_180,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.TRANSVERSE,
)
PAGE = (1200, 800)  # pixels of a page at 1x
TEXT = "Was this picture drawn by a machine, and how would anybody know? "


def saved(image: Image.Image, form: str, quality: int) -> Image.Image:
    content = io.BytesIO()
    image.save(content, form, quality=quality)
    return Image.open(content)


def resized(image: Image.Image, factor: float) -> Image.Image:
    return to_width(image, round(factor * image.width))


def to_width(image: Image.Image, width: int) -> Image.Image:
    size = (width, round(image.height * width / image.width))
    return image.resize(size, Image.Resampling.LANCZOS)


def cropped(image: Image.Image, part: float) -> Image.Image:
    """Without this part of the width and of the height; odd offsets on purpose."""
    width, height = (round((1 - part) * side) for side in image.size)
    left, top = (image.width - width) // 3, 2 * (image.height - height) // 3
    return image.crop((left, top, left + width, top + height))


def rotated(image: Image.Image, degrees: float) -> Image.Image:
    return image.rotate(degrees, Image.Resampling.BICUBIC)


def screenshot(image: Image.Image, scale: float) -> Image.Image:
    """A page of text, with the picture and a strange one in it, on a screen of this scale."""
    page = Image.new("RGB", tuple(round(scale * side) for side in PAGE), "white")
    pen = ImageDraw.Draw(page)
    pen.rectangle((0, 0, page.width, 60 * scale), fill=(30, 41, 59))
    font = ImageFont.load_default(15 * scale)
    for line in range(28):
        pen.text((24 * scale, (80 + 26 * line) * scale), TEXT, "black", font)
    shown = resized(image, scale) if scale != 1 else image
    page.paste(shown, (round(611 * scale), round(97 * scale)))
    page.paste(resized(make_picture(3, 160), scale), (round(1020 * scale), round(580 * scale)))
    return page


def turned(image: Image.Image, turn: Image.Transpose) -> Image.Image:
    return image.transpose(turn)


ATTACKS: dict[str, Change] = {
    "nothing": lambda image: image,
    "JPEG 75": partial(saved, form="JPEG", quality=75),
    "JPEG 50": partial(saved, form="JPEG", quality=50),
    "WebP 60": partial(saved, form="WEBP", quality=60),
    **{f"resize {factor}": partial(resized, factor=factor) for factor in (0.5, 0.75, 1.5, 2, 3)},
    "crop 40 %": partial(cropped, part=0.4),
    "crop 40 %, JPEG 75": lambda image: saved(cropped(image, 0.4), "JPEG", 75),
    "crop 40 %, resize 1.5": lambda image: resized(cropped(image, 0.4), 1.5),
    "crop 10 %, resize 0.7": lambda image: resized(cropped(image, 0.1), 0.7),
    **{turn.name.lower().replace("_", " "): partial(turned, turn=turn) for turn in TURNS},
    "rotate 2": partial(rotated, degrees=2),
    "rotate 5": partial(rotated, degrees=5),
    "rotate -5, JPEG 75": lambda image: saved(rotated(image, -5), "JPEG", 75),
    "page 1x": partial(screenshot, scale=1),
    "page 1x, JPEG 85": lambda image: saved(screenshot(image, 1), "JPEG", 85),
    "page 1.5x": partial(screenshot, scale=1.5),
    "page 1.5x, JPEG 85": lambda image: saved(screenshot(image, 1.5), "JPEG", 85),
    "page 2x": partial(screenshot, scale=2),
}
SHEET_ATTACKS: dict[str, Change] = {
    "nothing": lambda image: image,
    **{f"resize {factor}": partial(resized, factor=factor) for factor in (0.67, 0.75, 1.5)},
    "1,080 px wide": partial(to_width, width=1080),
    "1,080 px wide, JPEG 75": lambda image: saved(to_width(image, 1080), "JPEG", 75),
}


def noisy(image: Image.Image) -> Image.Image:
    noise = np.random.default_rng(0).normal(0, 5, (*image.size[::-1], 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))
