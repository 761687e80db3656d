"""Cuts a text into words, and gives phrases the form that they are looked up in."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Letters and digits, with the vowel signs of Indic and Thai script, and apostrophes inside.
_MARKS = "\u0300-\u036f\u0900-\u0dff\u0e00-\u0e7f"
_WORD = re.compile(rf"(?:[^\W_]|[{_MARKS}])+(?:'(?:[^\W_]|[{_MARKS}])+)*")
# Between words of one phrase: "spider-man", "mr. bean", "D & D", "kids' slide".
_INSIDE_PHRASE = re.compile(r"['.]?[ \-&.]+")
LONGEST_PHRASE = 8  # words
# "a unicorn", "a UFO", "a one-eyed cat", but "an umbrella", "an hour", "an 8 ball".
_CONSONANT = re.compile(r"(uni(?![dmn])|ufo|u-|eur|ewe|one|ut|us)", re.IGNORECASE)
_VOWEL = re.compile(r"([aeiou]|8|hour|x(\b|mas|ray)|(f1|lp|mp3|suv)\b)", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:an?|the) ")


@dataclass(frozen=True)
class Token:
    """A word of a text; `gap` is the text before it."""

    text: str
    key: str
    gap: str

    @property
    def joins(self) -> bool:
        """Whether the word may belong to one phrase with the word before it."""
        return _INSIDE_PHRASE.fullmatch(self.gap) is not None


def tokenize(text: str) -> Iterator[Token]:
    """The words of a text, in order."""
    end = 0
    for match in _WORD.finditer(text):
        yield Token(match[0], match[0].casefold(), text[end : match.start()])
        end = match.end()


def key_of(phrase: str) -> str:
    """The form in which phrases are compared: words in lower case, one space between."""
    if phrase.isascii() and phrase.replace(" ", "").isalpha():
        return phrase.lower()
    words = unicodedata.normalize("NFC", phrase).replace("’", "'")
    return " ".join(token.key for token in tokenize(words))


def bare_key(phrase: str) -> str:
    """As `key_of`, without the article at the start."""
    return _ARTICLE.sub("", key_of(phrase))


def takes_an(words: str) -> bool:
    """Whether "an" stands before these words, not "a", by their first sound."""
    return bool(_VOWEL.match(words)) and not _CONSONANT.match(words)


def singulars(key: str) -> Iterator[str]:
    """The words whose plural a key may be, the likeliest first."""
    if key.endswith("ies") and len(key) > 4:
        yield key[:-3] + "y"
    if key.endswith("ves"):
        yield key[:-3] + "f"
        yield key[:-3] + "fe"
    if key.endswith("men"):
        yield key[:-3] + "man"
    if key.endswith(("ses", "xes", "zes", "ches", "shes", "oes")):
        yield key[:-2]
    if key.endswith("s") and not key.endswith(("ss", "us", "is")) and len(key) > 3:
        yield key[:-1]


def phrases_at(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str]]:
    """The phrases that begin at a word, the longest first: its number of words and its key."""
    end = at + 1
    while end < len(tokens) and end - at < LONGEST_PHRASE and tokens[end].joins:
        end += 1
    for stop in range(end, at, -1):
        yield stop - at, " ".join(token.key for token in tokens[at:stop])
