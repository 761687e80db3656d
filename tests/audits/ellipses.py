"""Pictures like those of a model: plain and shaded grounds, shapes, texture; the same each time."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

GROUNDS = ("white", "navy", "gold", "grey")


def make_picture(number: int, size: int = 192) -> Image.Image:
    """Picture `number`, RGB."""
    random = np.random.default_rng(number)
    image = Image.new("RGB", (size, size), GROUNDS[number % len(GROUNDS)])
    pen = ImageDraw.Draw(image)
    for _ in range(4):
        x, y = (int(place) for place in random.integers(0, size, 2))
        reach = int(random.integers(size // 8, size // 3))
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour)
    shade = np.linspace(-20, 20, size)[:, None, None] * (number % 2)
    texture = random.normal(0, 1 + 3 * (number % 3), (size, size, 1))
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(1)), float) + shade + texture
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
