"""Ways in which people hide words from a filter, for measuring how many of them it sees through."""

import itertools
import random
import unicodedata
from collections.abc import Callable

_LATIN = "abcdefghijklmnopqrstuvwxyz"
_CYRILLIC = str.maketrans("aceopxyi", "асеорхуі")
_ACCENTED = str.maketrans("aceinosuyz", "áçêïñöšúýž")
_LEET = str.maketrans("aeiost", "43105" + "7")
_VOWELS = "aeiou"
_ZERO_WIDTH = "\u200b"
_EMOJI = "🔥"


def _each_word(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: " ".join(change(word) for word in text.split())


def _mixed_case(text: str) -> str:
    return "".join(c.upper() if n % 2 else c.lower() for n, c in enumerate(text))


def _shifted(first: int) -> Callable[[str], str]:
    """Into an alphabet whose a has this code point."""
    return lambda text: text.lower().translate(
        {ord(letter): first + n for n, letter in enumerate(_LATIN)}
    )


def _is_latin(word: str) -> bool:
    plain = unicodedata.normalize("NFKD", word)
    return any(letter in _LATIN for letter in plain.lower())


def _repeated(word: str) -> str:
    """The first vowel after the first letter, four times."""
    spot = next((n for n, c in enumerate(word) if n and c in _VOWELS), None)
    return word if spot is None else word[:spot] + 4 * word[spot] + word[spot + 1 :]


def _starred(word: str) -> str:
    """A star for the first vowel after the first letter, in words that stay readable."""
    spot = next((n for n, c in enumerate(word) if n and c in _VOWELS), None)
    short = len(word) < 4
    return word if spot is None or short else f"{word[:spot]}*{word[spot + 1 :]}"


def _in_two(sign: str) -> Callable[[str], str]:
    """Words of four letters or more, cut in the middle."""

    def cut(word: str) -> str:
        middle = len(word) // 2
        whole = len(word) < 4 or not word.isalpha() or not _is_latin(word)
        return word if whole else f"{word[:middle]}{sign}{word[middle:]}"

    return cut


def _at_some_place(change: Callable[[str, int], str]) -> Callable[[str], str]:
    """Words of four Latin letters or more, changed at a place drawn by the word itself."""

    def changed(word: str) -> str:
        if len(word) < 4 or not word.isalpha() or not _is_latin(word):
            return word
        places = [n for n in range(1, len(word)) if word[n - 1] != word[n]]
        return change(word, random.Random(word).choice(places)) if places else word

    return changed


def _swapped(word: str, place: int) -> str:
    return word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :]


def _cut(word: str, place: int) -> str:
    return f"{word[:place]} {word[place:]}"


DISGUISES: dict[str, Callable[[str], str]] = {
    "mixed case": _mixed_case,
    "fullwidth letters": _shifted(0xFF41),
    "mathematical letters": _shifted(0x1D41A),
    "Cyrillic look-alikes": lambda text: text.lower().translate(_CYRILLIC),
    "accents": lambda text: text.lower().translate(_ACCENTED),
    "marks on every letter": lambda text: "".join(c + "\u0336\u0353" * c.isalpha() for c in text),
    "zero-width spaces": _each_word(_ZERO_WIDTH.join),
    "digits for letters": lambda text: text.lower().translate(_LEET),
    "spaces between letters": lambda text: "   ".join(" ".join(word) for word in text.split()),
    "dots between letters": _each_word(".".join),
    "emoji between letters": _each_word(_EMOJI.join),
    "repeated letters": _each_word(_repeated),
    "tags inside words": _each_word(_in_two("<b></b>")),
    "entities": lambda text: "".join(f"&#{ord(c)};" if c.isalpha() else c for c in text),
    "hashtag": lambda text: "#" + text.replace(" ", "").replace("-", ""),
    "stars": _each_word(_starred),
    "two letters swapped": _each_word(_at_some_place(_swapped)),
    "a space inside words": _each_word(_at_some_place(_cut)),
    "words glued": lambda text: text.replace(" ", ""),
}

TEMPLATES = (
    "{}",
    "a photo of {}",
    "{}, oil painting",
    "an old drawing that shows {}",
    "{} in the style of a cartoon",
)


def disguised(text: str) -> dict[str, str]:
    """The text in each disguise that changes it, by the disguise's name."""
    changed = {name: disguise(text) for name, disguise in DISGUISES.items()}
    return {name: other for name, other in changed.items() if other != text}


def in_templates(text: str) -> list[str]:
    """The text in each of the templates."""
    return [template.format(text) for template in TEMPLATES]


def pairs(first: list[str], second: list[str], count: int, seed: int = 0) -> list[str]:
    """`count` pairs of one phrase of each list, in either order; a seed gives the same ones."""
    every = [(a, b) for a, b in itertools.product(sorted(first), sorted(second))]
    chosen = random.Random(seed).sample(every, min(count, len(every)))
    return [" ".join(pair if n % 2 else reversed(pair)) for n, pair in enumerate(chosen)]
