"""How the rules' data files write words and phrases."""

import re
from collections.abc import Iterable, Mapping
from itertools import product

from dalle.safety.prompts.folding import fold

# Scripts written without spaces, or with endings glued on: each character is a word of its own.
_SINGLE = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
# Elsewhere a word is letters, digits and the vowel signs of Indic scripts.
WORD = re.compile(rf"[{_SINGLE}]|(?:[^\W_{_SINGLE}]|[\u0900-\u0dff])+")

_WORD_OR_LINE = re.compile(rf"\n|{WORD.pattern}")

_NAMED = re.compile(r"\{(\w+)\}")
_CHOICE = re.compile(r"\[([^\]]*)\]")

Phrase = tuple[str, ...]


def split(folded: str) -> list[str]:
    """The words of folded text."""
    return WORD.findall(folded)


def word_finder(words: Iterable[str]) -> re.Pattern[str]:
    """Finds words as they are written; in scripts without spaces also inside of others."""
    anywhere = [word for word in words if re.match(f"[{_SINGLE}]", word)]
    whole = "|".join(word for word in words if word not in anywhere)
    return re.compile("|".join([rf"(?<!\w)(?:{whole})(?!\w)", *anywhere]), re.IGNORECASE)


def read_phrases(text: str, words: Mapping[str, str] | None = None) -> frozenset[Phrase]:
    """Phrases parted by lines or semicolons, with [a,b] for a or b, folded and split.

    {name} is one of the words of that name, "a,b". Lines that begin with # are notes.
    """
    text = _NAMED.sub(lambda match: f"[{(words or {})[match[1]]}]", text)
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    patterns = (pattern for line in lines for pattern in fold(line).split(";"))
    spelt = (spelling for pattern in patterns for spelling in spell_out(pattern))
    # All at once, which is several times faster than each for itself.
    phrases: set[Phrase] = set()
    phrase: list[str] = []
    for word in _WORD_OR_LINE.findall("\n".join(spelt) + "\n"):
        if word != "\n":
            phrase.append(word)
        elif phrase:
            phrases.add(tuple(phrase))
            phrase = []
    return frozenset(phrases)


def spell_out(pattern: str) -> list[str]:
    """Every spelling of a pattern: "nude[,s]" is "nude" and "nudes"."""
    if "[" not in pattern:
        return [pattern]
    parts = _CHOICE.split(pattern)  # fixed and alternatives in turn
    choices = [part.split(",") if n % 2 else [part] for n, part in enumerate(parts)]
    return ["".join(chosen) for chosen in product(*choices)]
