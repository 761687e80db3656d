"""The picture of a link: nine pictures at the left, their prompt and the page's name beside them.

Its size is the one that Open Graph and Twitter cards share, so that nobody crops it.
https://ogp.me, https://developer.x.com/en/docs/x-for-websites/cards
"""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from dalle.generation.pictures import wrap

WIDTH, HEIGHT = 1200, 630  # pixels
GAP = 8
MARGIN = 40  # around the words
SIZES = (60, 48, 38)  # of the prompt's letters; the first in which it fits into four lines
SMALL = 28
PAPER, INK, QUIET = "white", "#1c1917", "#57534e"
ELLIPSIS = "…"


def make_card(pictures: Sequence[Image.Image], words: str, name: str, host: str) -> Image.Image:
    """An RGB picture of WIDTH x HEIGHT; `pictures` are at most nine."""
    card = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    columns = 1 if len(pictures) == 1 else 3
    side = (HEIGHT - GAP) // columns - GAP
    for index, picture in enumerate(pictures[: columns**2]):
        row, column = divmod(index, columns)
        small = picture.resize((side, side), Image.Resampling.LANCZOS)
        card.paste(small, (GAP + column * (side + GAP), GAP + row * (side + GAP)))
    left = HEIGHT + MARGIN
    room = WIDTH - left - MARGIN
    font, lines = _fit(words, room)
    pen = ImageDraw.Draw(card)
    step = round(1.25 * font.size)
    top = MARGIN
    for number, line in enumerate(lines):
        pen.text((left, top + number * step), line, INK, font)
    bottom = HEIGHT - MARGIN
    pen.text((left, bottom - 1.4 * SMALL), name, INK, _font(SMALL + 4), anchor="ls")
    pen.text((left, bottom), host, QUIET, _font(SMALL), anchor="ls")
    return card


def _fit(words: str, room: int) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """The largest letters in which the words fit, and their lines."""
    for size in SIZES:
        font = _font(size)
        lines = wrap(words, font, room)
        if not lines[-1].endswith(ELLIPSIS):
            break
    return font, lines


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)
