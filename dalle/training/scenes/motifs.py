"""Small shapes that places are made of: clouds, trees, stars, each a patch of whole blocks.

A patch is drawn larger than it is shown, so that it can be reduced to more than one size.
"""

import functools
from collections.abc import Callable

from PIL import Image, ImageDraw

from dalle.training.scenes.grid import BLOCK, SIDE

SMOOTH = 4  # shapes are drawn this much larger
Colour = tuple[int, ...] | str


class Pen:
    """Draws filled shapes, in pixels of the patch at its smallest."""

    def __init__(self, big: Image.Image):
        self._pen = ImageDraw.Draw(big)

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        box = (x - radius, y - radius, x + radius, y + radius)
        self._pen.ellipse([SMOOTH * edge for edge in box], fill=fill)

    def shape(self, points: list[tuple[float, float]], fill: Colour) -> None:
        self._pen.polygon([(x * SMOOTH, y * SMOOTH) for x, y in points], fill=fill)

    def box(self, x: float, y: float, width: float, height: float, fill: Colour) -> None:
        far = ((x + width) * SMOOTH - 1, (y + height) * SMOOTH - 1)
        self._pen.rectangle([(x * SMOOTH, y * SMOOTH), far], fill=fill)


def patch(columns: int, rows: int) -> Callable:
    """Turns a drawing function (pen, options) into one (options) that gives a large RGBA patch."""

    def finish(paint: Callable) -> Callable[..., Image.Image]:
        @functools.wraps(paint)
        def make(*options) -> Image.Image:
            big = Image.new("RGBA", (columns * BLOCK * SMOOTH, rows * BLOCK * SMOOTH))
            paint(Pen(big), *options)
            return big

        return make

    return finish


@patch(3, 2)
def cloud(pen):
    for x, y, radius in [(12, 20, 9), (24, 14, 12), (36, 20, 9)]:
        pen.disc(x, y, radius, "white")
    pen.box(12, 20, 24, 9, "white")


@patch(3, 3)
def disc(pen, radius, colour):
    """The sun or the moon."""
    pen.disc(24, 24, radius, colour)


@patch(1, 1)
def star(pen):
    pen.disc(8, 8, 1.6, "white")


@patch(1, 1)
def faint_star(pen):
    pen.disc(4, 11, 0.9, (210, 215, 255))


@patch(2, 2)
def planet(pen):
    pen.disc(16, 16, 13, (214, 120, 70))
    pen.shape([(0, 20), (32, 10), (32, 13), (0, 23)], (240, 205, 150))


@patch(2, 2)
def earth(pen):
    pen.disc(16, 16, 13, (50, 110, 220))
    pen.disc(12, 12, 5, (70, 170, 80))
    pen.disc(21, 20, 4, (70, 170, 80))


@patch(2, 2)
def crater(pen):
    pen.disc(16, 22, 9, (128, 128, 134))
    pen.disc(16, 24, 8, (150, 150, 156))


@patch(2, 4)
def pine(pen):
    pen.box(13, 52, 6, 12, (92, 60, 34))
    for top in (0, 14, 28):
        pen.shape([(16, top), (30, top + 28), (2, top + 28)], (26, 92 - top, 50))


@patch(2, 2)
def cactus(pen):
    green = (60, 130, 70)
    for x, y, width, height in [(13, 2, 6, 30), (4, 8, 4, 10), (4, 16, 10, 4), (24, 5, 4, 10)]:
        pen.box(x, y, width, height, green)
    pen.box(18, 13, 10, 4, green)


@patch(1, 1)
def flower(pen, colour):
    pen.box(7.4, 8, 1.2, 8, (50, 130, 50))
    for x, y in [(5, 6), (11, 6), (8, 3), (8, 9)]:
        pen.disc(x, y, 2.4, colour)
    pen.disc(8, 6, 1.8, (250, 210, 60))


@patch(1, 1)
def grass(pen):
    for x in (2, 7, 12):
        pen.shape([(x, 15), (x + 1.5, 8), (x + 3, 15)], (70, 150, 60))


@patch(1, 2)
def weed(pen):
    for x in (5, 10):
        bend = [(x, 32), (x - 3, 20), (x + 1, 10), (x - 1, 0), (x + 4, 10), (x + 2, 22)]
        pen.shape(bend, (30, 130, 90))


@patch(1, 1)
def bubble(pen):
    pen.disc(8, 8, 4, (200, 235, 255))
    pen.disc(8, 8, 3, (70, 150, 205))


@patch(1, 1)
def wave(pen, colour):
    crest = [(0, 9), (4, 6), (8, 9), (12, 6), (16, 9)]
    pen.shape([*crest, *[(x, y + 2) for x, y in reversed(crest)]], colour)


@patch(1, 1)
def flake(pen):
    pen.disc(5, 5, 1.8, "white")
    pen.disc(12, 12, 1.2, "white")


@patch(1, 1)
def raindrop(pen):
    pen.shape([(9, 2), (11, 2), (7, 13), (5, 13)], (205, 225, 245))


@patch(1, 1)
def bar(pen, x, y, width, height, colour):
    """A line on a road, the gap between two planks."""
    pen.box(x, y, width, height, colour)


@patch(5, 4)
def mountain(pen):
    pen.shape([(0, 64), (40, 4), (80, 64)], (112, 124, 140))
    pen.shape([(26, 25), (40, 4), (54, 25), (46, 21), (40, 27), (33, 21)], "white")


@patch(3, 3)
def window(pen):
    pen.box(2, 2, 44, 44, "white")
    for x in (5, 25):
        for y in (5, 25):
            pen.box(x, y, 18, 18, (150, 208, 250))


@patch(3, 12)
def curtain(pen):
    for x in range(0, 48, 8):
        pen.box(x, 0, 4, SIDE, (160, 20, 35))
        pen.box(x + 4, 0, 4, SIDE, (195, 35, 50))


@patch(6, 9)
def spotlight(pen):
    pen.shape([(44, 0), (52, 0), (96, 144), (0, 144)], (255, 240, 190, 70))


def building(height: int, colour: Colour, lit: Colour) -> Image.Image:
    """Two blocks wide and `height` blocks high, with rows of windows."""

    @patch(2, height)
    def paint(pen):
        pen.box(1, 0, 30, height * BLOCK, colour)
        for y in range(5, height * BLOCK - 8, 8):
            for x in (6, 14, 22):
                pen.box(x, y, 4, 4, lit)

    return paint()
