"""The picture of a link: nine pictures at the left, their prompt and the page's name beside them.

Its size is the one that Open Graph and Twitter cards share, so that nobody crops it.
https://ogp.me, https://developer.x.com/en/docs/x-for-websites/cards
"""

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import gradio
from PIL import Image, ImageDraw, ImageFont

from dalle.generation.pictures import wrap

WIDTH, HEIGHT = 1200, 630  # pixels
GAP = 8
MARGIN = 40  # around the words
SIZES = (60, 48, 38)  # of the prompt's letters; the first in which it fits into four lines
SMALL = 28
PAPER, INK, QUIET = "white", "#1c1917", "#57534e"
ELLIPSIS = "…"
# The font inside Pillow has no letters beyond ASCII; gradio's has those of Europe. None that is
# installed has those of Asia, nor emoji.
WIDE_FONT = (
    Path(gradio.__file__).parent
    / "templates/frontend/static/fonts/SourceSansPro/SourceSansPro-Regular.woff2"
)
NO_LETTER = "\U0010fffe"  # no font has it: its look is that of a missing letter


def make_card(pictures: Sequence[Image.Image], words: str, name: str, host: str) -> Image.Image:
    """An RGB picture of WIDTH x HEIGHT; `pictures` are at most nine.

    Words of which no font has all letters are left out.
    """
    card = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    columns = 1 if len(pictures) == 1 else 3
    side = (HEIGHT - GAP) // columns - GAP
    for index, picture in enumerate(pictures[: columns**2]):
        row, column = divmod(index, columns)
        small = picture.resize((side, side), Image.Resampling.LANCZOS)
        card.paste(small, (GAP + column * (side + GAP), GAP + row * (side + GAP)))
    left = HEIGHT + MARGIN
    room = WIDTH - left - MARGIN
    pen = ImageDraw.Draw(card)
    for number, (line, font) in enumerate(_fit(words, room)):
        pen.text((left, MARGIN + number * round(1.25 * font.size)), line, INK, font)
    bottom = HEIGHT - MARGIN
    for text, size, ink, above in ((name, SMALL + 4, INK, 1.4 * SMALL), (host, SMALL, QUIET, 0)):
        if font := _font_for(text, size):
            pen.text((left, bottom - above), text, ink, font, anchor="ls")
    return card


def _fit(words: str, room: int) -> list[tuple[str, ImageFont.FreeTypeFont]]:
    """The lines of the words in the largest letters in which they fit; none without a font."""
    words = unicodedata.normalize("NFC", words)
    lines: list[tuple[str, ImageFont.FreeTypeFont]] = []
    for size in SIZES:
        font = _font_for(words, size)
        if font is None:
            return []
        lines = [(line, font) for line in wrap(words, font, room)]
        if not lines[-1][0].endswith(ELLIPSIS):
            break
    return lines


def _font_for(text: str, size: int) -> ImageFont.FreeTypeFont | None:
    """The first font that has all letters of a text; None where none has."""
    letters = {letter for letter in text if letter.isprintable() and letter != " "}
    fonts = [ImageFont.load_default(size)]
    if WIDE_FONT.is_file():
        fonts.append(ImageFont.truetype(WIDE_FONT, size))
    for font in fonts:
        missing = bytes(font.getmask(NO_LETTER))
        if all(bytes(font.getmask(letter)) != missing for letter in letters):
            return font
    return None
