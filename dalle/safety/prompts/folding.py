"""Undoing disguises: one plain form for letters that look alike, however they were typed.

Folded text is for comparing alone; the model is given the prompt as it was written.
"""

import html
import re
import unicodedata
from urllib.parse import unquote

# Marks of any script that only decorate a letter. Those of Indic scripts are vowels, and stay.
DECORATION = (
    (0x0300, 0x036F), (0x0483, 0x0489), (0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F),
    (0x0670, 0x0670), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F), (0xE0000, 0xE01EF), (0x0640, 0x0640),  # the last only lengthens a line
)  # fmt: skip
SIGN = "~"  # stands for any sign that is not ASCII, such as an emoji
# Letters that show nothing at all.
BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"
# Emoji that say what words would; between letters they are signs as any others.
_SAID = {"👧": "girl", "👦": "boy", "👶": "baby", "🧒": "child", "👼": "baby", "🔞": "nsfw"}
EMOJI = str.maketrans({emoji: f" {word} " for emoji, word in _SAID.items()})

# Letters of other scripts, and the Latin ones that they are taken for.
_PAIRS = (
    ("авекмнорстухѕіјԁһԛԝѵӏпгьԍ", "abekmhopctyxsijdhqwvlnrbg"),
    ("ВЕКМНОРСТУХЅІЈАҮ", "bekmhopctyxsijay"),
    ("αβγεικνορστυχωηδζμκ", "abyeikvopotuxwndzuk"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "abezhikmnoptyx"),
    ("օոսցհյգզքաւաԱ", "onughjqqpwlwu"),
    ("ᎪᎬᎠᏚᎻᏢᏟᎳᎷᎡᎢᎥᏙᏀᏴᏞᏃᏦ", "aedshpcwmrtivgblzk"),
    ("ꓮꓐꓚꓓꓰꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ", "abcdeghijklmnoprstuvwxyz"),
    ("ɑɡıɩɪʏɢɴʀʟʜɛɔʙɾɯʋʍſƒɓɗɖɱŋʂʐ", "agiiiygnrlhecbrmvmsfbddmnsz"),
    ("⍺ⲥ𐐽ҽꬲ⍳ꙇ𑣃ռᴑⲟꬽ𐐬𐓪𑣈𑣗ჿ⍴ⲣᴦⲅꭇꭈꮁ𐑈𑣁ꞟ𐓶𑣘Ꮷᑯꓒ", "acceeiiinoooooooopprrrrrssuuuddd"),
    ("ᏂᏏᑲ", "hbb"),
    ("∂∈∉℮ⅼ×†‡∩∪∨", "deeelxttnuv"),
    ("ةہھەىیک", "ههههييك"),  # Arabic ones of which either is written
)
LOOK_ALIKE = {a: b for letters, latin in _PAIRS for a, b in zip(letters, latin, strict=True)}
LOOK_ALIKE |= {"æ": "ae", "œ": "oe", "Æ": "ae", "Œ": "oe", "ß": "ss", "’": "'", "ʼ": "'"}

# "LATIN SMALL LETTER L WITH STROKE", "NEGATIVE SQUARED LATIN CAPITAL LETTER A" and their like.
_LATIN_NAME = re.compile(
    r"(?:LATIN|REGIONAL INDICATOR SYMBOL) (?:SMALL |CAPITAL |LETTER )+([A-Z])(?: WITH .*)?$"
)
# Before a consonant Devanagari writes its nasals as a letter of their own or as a dot.
_NASAL = re.compile("[ङञणनम]्(?=[क-ह])")
_TAG = re.compile(r"<[^<>]*>")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}")

# Signs that stand for a letter inside a word; 1 is an i or an l.
_LEET = {"4": "a", "@": "a", "3": "e", "€": "e", "0": "o", "5": "s", "$": "s", "7": "t", "+": "t"}
_LEET |= {"8": "b", "9": "g", "6": "g", "2": "z"}
LEET = tuple(str.maketrans(_LEET | dict.fromkeys("1!|", one)) for one in "il")
_LEET_SIGNS = frozenset(_LEET) | frozenset("1!|")

MOST_CACHED = 20_000  # characters; the table must not grow with visitors' texts


class _Table(dict):
    """Characters to their folded form, filled as they occur."""

    def __missing__(self, code: int) -> str:
        folded = fold_character(chr(code))
        if len(self) < MOST_CACHED:
            self[code] = folded
        return folded


_TABLE = _Table()


def fold(text: str) -> str:
    """Lower case without accents, look-alikes and hidden characters."""
    return _NASAL.sub("ं", unicodedata.normalize("NFKC", text).translate(_TABLE))


def fold_character(character: str) -> str:
    """The folded form of one character: letters, digits, an ASCII sign, a space or nothing."""
    if character.isascii():
        # A control character may stand inside a word; white space parts words.
        return character.lower() if character.isprintable() or character.isspace() else ""
    if _hidden(character):
        return ""
    if character in LOOK_ALIKE:
        return LOOK_ALIKE[character]
    if character in BLANK_LETTERS:
        return " "
    latin = _LATIN_NAME.search(unicodedata.name(character, ""))
    if latin:
        return latin[1].lower()
    plain = unicodedata.normalize("NFKD", character)
    if plain.isascii():
        return plain.lower()  # in a circle, or in brackets
    letters = [LOOK_ALIKE.get(letter, letter) for letter in plain if not _hidden(letter)]
    letters = [LOOK_ALIKE.get(letter, letter) for letter in "".join(letters).casefold()]
    kept = (letter if _is_written(letter) or letter.isascii() else SIGN for letter in letters)
    return unicodedata.normalize("NFC", "".join(kept))


def _hidden(character: str) -> bool:
    code = ord(character)
    if any(low <= code <= high for low, high in DECORATION):
        return True
    return unicodedata.category(character) in ("Cf", "Cc")


def _is_written(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


def open_markup(text: str) -> list[str]:
    """The text without entities, percent signs and tags: tags as nothing, and as spaces."""
    if _PERCENT.search(text):
        text = unquote(text)
    if "&" in text:
        text = html.unescape(html.unescape(text))
    if "<" not in text:
        return [text]
    return [_TAG.sub(gap, text) for gap in ("", " ")]


def without_leet(folded: str) -> list[str]:
    """Folded text with signs inside words read as letters: none, one or two ways to do so."""
    if _LEET_SIGNS.isdisjoint(folded):
        return []
    ways = LEET if any(sign in folded for sign in "1!|") else LEET[:1]
    chunks = folded.split()
    # Numbers are numbers, unless some word has signs in it.
    if not any(map(_has_leet, chunks)):
        return []
    read = [" ".join(_unleet(chunk, way) for chunk in chunks) for way in ways]
    return [text for text in dict.fromkeys(read) if text != " ".join(chunks)]


def _has_leet(chunk: str) -> bool:
    """Whether there are signs among letters, or a sign alone, as where all letters are spaced."""
    word = chunk.rstrip("!|+")  # at the end they are punctuation
    return not _LEET_SIGNS.isdisjoint(word) and (len(word) == 1 or word.islower())


def _unleet(chunk: str, way: dict[int, str]) -> str:
    if chunk.isalpha():
        return chunk
    word = chunk.rstrip("!|+")  # at the end they are punctuation
    return word.translate(way) + chunk[len(word) :]
