"""Prompt normalization as the published models were trained with it.

The rules are those of dalle-mini 0.1.5 (github.com/borisdayma/dalle-mini, model/text.py), which
splits hashtags in the way of wordninja (github.com/keredson/wordninja).
"""

import html
import math
import re
import unicodedata
from functools import cached_property, lru_cache
from pathlib import Path

import emoji
import ftfy
from text_unidecode import unidecode

from dalle.errors import DalleError

WORD_LIST = "enwiki-words-frequency.txt"  # its name beside the published models

# Bounds that keep the time linear. No model reads more than its first 64 tokens, and no word that
# a person would write in a hashtag is longer than 64 letters.
LONGEST_TEXT = 10_000
LONGEST_WORD = 64

# Dots, quotes and slashes inside a word or number are spelt out while the other punctuation is
# replaced. The mark has to be the original's: a hashtag with a dot in it (#a.b) is split with the
# mark still there, and so it was in training.
MARK = "xtokx"
DOT, QUOTE, SLASH = (f"{MARK}{name}{MARK}" for name in ("dot", "quote", "slash"))

Rules = tuple[tuple[str, str], ...]  # pattern, replacement; applied in this order

BEFORE_HASHTAGS: Rules = (
    # CC12M's captions hide names as <person>. The original draws one of three words at random;
    # ours is always the likeliest, so that a prompt has one meaning.
    (r"<person>(?:[,\s]*+(?:and)*+[,\s]*+<person>)++", " people "),
    (r"<person>", " a person "),
    (r"\A\s*\[\d+\]", ""),  # Wikipedia's references, first and last
    (r"\[\d+\]\s*\Z", ""),
    (r"<[^<]+?>", " "),  # HTML tags
    (r"http\S+", ""),
    (r"(\d),(\d{3})", r"\1\2"),  # twice: 1,000,000 has two
    (r"(\d),(\d{3})", r"\1\2"),
    (r"(\w)\.(\w)", rf"\1{DOT}\2"),
    (r"'(?=(?:[stdm]|ll|re|ve)\b)", QUOTE),
    (r"(\d)/(\d)", rf"\1{SLASH}\2"),
    (r"(\w)-(\w)", r"\1 \2"),
    (r"([%&/$*])", r" \1 "),
)

AFTER_HASHTAGS: Rules = (
    (r"[_#\\]", " "),
    (r"['\"`]", ' " '),
    (r"[()\[\].,|:;?!=+~\-/{}]", ","),
    (DOT, "."),
    (QUOTE, "'"),
    (SLASH, "/"),
    (r"(\D)\1{3,}", r"\1"),  # four or more; three may be a Roman VIII
    (r"\s+", " "),
    # Both begin where a run begins, or a long one would be scanned anew from each sign in it.
    (r'(?<![\s"])[\s"]*"[\s"]*', ' " '),
    (r"(?<![\s,])[\s,]*,[\s,]*", ", "),
)

# Unidecode, which spelt the training captions, is under the GPL. text-unidecode holds the older
# table of the same origin; these are the everyday characters that were romanised anew since.
# fmt: off
ROMANISED_ANEW = str.maketrans({
    "し": "shi", "ち": "chi", "つ": "tsu", "っ": "tsu",
    "シ": "shi", "チ": "chi", "ツ": "tsu", "ッ": "tsu", "ー": "-", "・": "*",
    "Є": "ie", "Ъ": "'", "ъ": "'",
    "א": "a", "ח": "h", "כ": "kh", "ך": "kh", "ק": "k", "־": "-",
    "\N{MINUS SIGN}": "-", "≤": "<=", "≥": ">=", "♡": "hearts", "№": "no. ",
    "₹": "rs", "₽": "r", "₴": "uah",
})
# fmt: on

# Characters of every emoji: a digit with a keycap has the keycap.
EMOJI_SIGNS = frozenset(sign for signs in emoji.EMOJI_DATA for sign in signs if not sign.isascii())


class TextNormalizer:
    """Turns a prompt into the plain lower-case English that the published models know."""

    def __init__(self, word_frequencies: str | Path | None = None):
        """Takes a list of words, most frequent first; without one, hashtags stay in one piece."""
        self._word_list = None if word_frequencies is None else Path(word_frequencies)
        if self._word_list is not None and not self._word_list.is_file():
            raise DalleError(
                f"word_frequencies is {self._word_list}, which is not a file; it must be a list "
                f"of words, one a line, most frequent first; download {WORD_LIST} again, or pass "
                "None to leave hashtags unsplit"
            )

    def __call__(self, prompt: str) -> str:
        """Returns the normalized prompt, which always starts with a space."""
        text = ftfy.fix_text(prompt[:LONGEST_TEXT])
        text = html.unescape(html.unescape(text))
        if not EMOJI_SIGNS.isdisjoint(text):  # looking for emoji is half of the time
            text = emoji.demojize(text)  # to :names:, which transliteration would drop
        text = transliterate(text)[:LONGEST_TEXT].lower()
        text = _apply(BEFORE_HASHTAGS, text)
        text = re.sub(r"#(\w+)", lambda tag: self._split_hashtag(tag[1]), text)
        text = _apply(AFTER_HASHTAGS, text)
        text = text.strip().removesuffix(",").removeprefix(",").strip()
        return f" {text}"

    def _split_hashtag(self, tag: str) -> str:
        parts = re.findall(r"[a-z0-9]+", tag)
        if self._word_list is not None:
            parts = [word for part in parts for word in split_words(part, self._word_costs)]
        return " ".join(parts)

    @cached_property  # read at the first hashtag: the published list is long
    def _word_costs(self) -> dict[str, float]:
        return read_word_costs(self._word_list)


def read_word_costs(path: Path) -> dict[str, float]:
    """Maps each word of a frequency list to the logarithm of its rank."""
    try:
        with path.open(encoding="utf-8") as lines:
            words = (line.split(maxsplit=1)[0] for line in lines if not line.isspace())
            costs = {word: math.log(rank) for rank, word in enumerate(words, start=1)}
    except (OSError, UnicodeDecodeError) as error:
        raise DalleError(
            f"{path} could not be read as a list of words ({error}); it must be UTF-8 text, one "
            f"word a line; download {WORD_LIST} again"
        ) from error
    if not costs:
        raise DalleError(
            f"{path} has no words; it must have one a line, most frequent first; download "
            f"{WORD_LIST} again"
        )
    return costs


def split_words(
    text: str,  # lower-case letters and digits
    costs: dict[str, float],
) -> list[str]:
    """Cuts joined words apart where the sum of the words' costs is lowest."""
    # cheapest[i]: the cost of the best way to cut text[:i], and the length of its last word.
    # Letters outside of all words stay single.
    cheapest = [(0.0, 0)]
    for end in range(1, len(text) + 1):
        best = (math.inf, 1)
        for length in range(1, min(end, LONGEST_WORD) + 1):
            word = text[end - length : end]
            if word in costs:
                best = min(best, (cheapest[end - length][0] + costs[word], length))
        cheapest.append(best)

    words: list[str] = []  # last word first
    end = len(text)
    while end > 0:
        start = end - cheapest[end][1]
        if words and text[end - 1].isdigit() and words[-1][0].isdigit():
            words[-1] = text[start:end] + words[-1]  # a number stays whole
        else:
            words.append(text[start:end])
        end = start
    return words[::-1]


def transliterate(text: str) -> str:
    """Spells any script in ASCII, and drops characters without a spelling."""
    if text.isascii():
        return text
    return "".join(map(_spell, text.translate(ROMANISED_ANEW)))


@lru_cache(maxsize=4096)
def _spell(character: str) -> str:
    if character.isascii():
        return character
    plain = unicodedata.normalize("NFKD", character)
    if "\N{FRACTION SLASH}" in plain:
        return " " + unidecode(plain)  # 1½ is "1 1/2"
    spelt = unidecode(character)
    if spelt and "[?]" not in spelt:
        return spelt
    # Unknown to the table: take the letters of "fancy" alphabets and circled numbers.
    return plain if plain.isascii() else ""


def _apply(rules: Rules, text: str) -> str:
    for pattern, replacement in rules:
        text = re.sub(pattern, replacement, text)
    return text
