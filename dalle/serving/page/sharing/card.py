"""The picture of a link: nine pictures at the left, their prompt and the page's name beside them.

Its size is the one that Open Graph and Twitter cards share, so that nobody crops it.
https://ogp.me, https://developer.x.com/en/docs/x-for-websites/cards
"""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from dalle.generation.letters import fit_letters
from dalle.generation.pictures import wrap

WIDTH, HEIGHT = 1200, 630  # pixels
GAP = 8
MARGIN = 40  # around the words
SIZES = (60, 48, 38)  # of the prompt's letters; the first in which it fits into four lines
SMALL = 28
PAPER, INK, QUIET = "white", "#1c1917", "#57534e"
ELLIPSIS = "…"


def make_card(pictures: Sequence[Image.Image], words: str, name: str, host: str) -> Image.Image:
    """An RGB picture of WIDTH x HEIGHT; `pictures` are at most nine.

    Letters that no font has are left out.
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
        told, font = fit_letters(text, size)
        pen.text((left, bottom - above), told, ink, font, anchor="ls")
    return card


def _fit(words: str, room: int) -> list[tuple[str, ImageFont.FreeTypeFont]]:
    """The lines of the words in the largest letters in which they fit."""
    lines: list[tuple[str, ImageFont.FreeTypeFont]] = []
    for size in SIZES:
        told, font = fit_letters(words, size)
        lines = [(line, font) for line in wrap(told, font, room)]
        if not lines[-1][0].endswith(ELLIPSIS):
            break
    return lines
