"""Letters for words in a picture: a font that has them, and the words without any others."""

import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

# The font inside Pillow has no letters beyond ASCII; gradio's has those of Europe. No font that is
# installed has those of Asia, nor emoji.
WIDE_FONT = "templates/frontend/static/fonts/SourceSansPro/SourceSansPro-Regular.woff2"
NO_LETTER = "\U0010fffe"  # no font has it: its look is that of a missing letter


def fit_letters(text: str, size: int) -> tuple[str, ImageFont.FreeTypeFont]:
    """A text as it can be written, and the font for it: the one that lacks the fewest letters.

    Letters that it lacks are left out. Whatever is not printable is a space.
    """
    # A letter and its accent are one letter, as the fonts have it.
    composed = unicodedata.normalize("NFC", text)
    words = "".join(letter if letter.isprintable() else " " for letter in composed).split()
    letters = set("".join(words))
    fonts = [ImageFont.load_default(size)]
    if path := wide_font():
        fonts.append(ImageFont.truetype(path, size))
    font = min(fonts, key=lambda font: len(find_missing(letters, font)))
    missing = find_missing(letters, font)
    kept = ("".join(letter for letter in word if letter not in missing) for word in words)
    return " ".join(filter(None, kept)), font


def find_missing(letters: set[str], font: ImageFont.FreeTypeFont) -> set[str]:
    """Those of the letters that the font does not have."""
    box = bytes(font.getmask(NO_LETTER))
    return {letter for letter in letters if bytes(font.getmask(letter)) == box}


@cache
def wide_font() -> Path | None:
    """The file of gradio's own font, where gradio is installed; it is not imported for it."""
    gradio = find_spec("gradio")
    path = Path(gradio.origin).parent / WIDE_FONT if gradio and gradio.origin else None
    return path if path and path.is_file() else None
