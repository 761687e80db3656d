"""The world's things under their names in other languages, and the small words around them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

from dalle.text.heard.numbers import MANY, NUMBERS
from dalle.text.heard.tables import read_rows
from dalle.text.heard.tokens import Token

NAMES = "names.tsv"
SMALL_WORDS = "small-words.tsv"  # beside the names: language, word, English word
# Where a name means two things, the language that more people speak decides.
LANGUAGES = (
    *("es", "pt", "fr", "de", "it", "ru", "ja", "zh", "ko", "hi", "pl", "nl", "uk", "vi", "th"),
    *("sv", "da", "nb", "fi", "hu", "et", "lt", "ms", "bn", "es-mx", "zh-hant"),
)
# Endings of several, and of one of them: enough for what stands after a number.
PLURALS = {
    "de": ("n ", "en ", "e ", "er ", "s "),
    "nl": ("en ", "s ", "en e"),
    "it": ("i o", "i e", "e a", "i a"),
    "pl": (" a", "y ", "i ", "ów ", "y a", "i a", "e a"),
    "ru": (" а", "и а", "ы а", "ы ", "и ", "а ", "ов ", "и ь"),
    "uk": (" а", "и а", "и ", "ів ", "а ", "і а"),
    "sv": ("ar ", "er ", "or a", "ar e"),
    "da": ("er ", "e ", "r "),
    "nb": ("er ", "r "),
    "fi": ("a ", "ä ", "ta ", "tä "),
}
LONGEST = 12  # letters of a name in a script without spaces
# Thai, kana, Han, Hangul with its particles.
_UNSPACED = ((0x0E00, 0x0E7F), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7AF))
_HAN = (0x3400, 0x9FFF)


class Languages:
    """Names by language; where a name means two things, the prompt's language decides."""

    def __init__(
        self,
        order: Sequence[str],
        names: dict[str, dict[str, str]],  # name: language: phrase
        small_words: dict[tuple[str, str], str],
    ):
        self._order = {language: number for number, language in enumerate(order)}
        self.names = names
        self._small = small_words
        self._counting: dict[str, list[str]] = defaultdict(list)  # languages by their numbers
        for (language, word), english in small_words.items():
            if english in (*NUMBERS, MANY):
                self._counting[word].append(language)

    @classmethod
    def read(cls, folder: Path, columns: Sequence[str]) -> Self:
        """The two tables in a model's folder."""
        names: dict[str, dict[str, str]] = defaultdict(dict)
        for phrase, *cells in read_rows(folder / NAMES, ("thing", *columns)):
            for language, cell in zip(columns, cells, strict=True):
                for name in filter(None, cell.split("; ")):
                    names[name].setdefault(language, phrase)
        rows = read_rows(folder / SMALL_WORDS, ("language", "word", "english"))
        small = {
            (language, word): english for languages, word, english in rows
            for language in languages.split()
        }  # fmt: skip
        return cls(columns, dict(names), small)

    def counts(self, word: str) -> bool:
        """Whether it is a number in one of the languages."""
        return word in self._counting

    def guess(self, spans: Iterable[str]) -> str:
        """The language with most of these words; of equals the one that more people speak."""
        votes = Counter(
            language
            for span in spans
            for language in {*self.names.get(span, ()), *self._counting.get(span, ())}
        )
        if not votes:
            return ""
        return min(votes, key=lambda language: (-votes[language], self._order[language]))

    def meaning(self, name: str, language: str, own: bool = False) -> str | None:
        """The English phrase; that of the language if it has one, and `own` that alone."""
        meanings = self.names.get(name)
        if not meanings or (own and language not in meanings):
            return None
        return meanings.get(language) or meanings[min(meanings, key=self._order.__getitem__)]

    def singulars(self, name: str, language: str) -> Iterator[str]:
        """The names of one thing, of which a word may mean several in this language."""
        for many, one in (ending.split(" ") for ending in PLURALS.get(language, ())):
            form = name.removesuffix(many) + one
            if name.endswith(many) and language in self.names.get(form, ()):
                yield form

    def small_word(self, word: str, language: str) -> str | None:
        """The English of an article, a preposition or a number; empty for a thing without one."""
        return self._small.get((language, word))

    def cut(self, tokens: Iterable[Token]) -> Iterator[Token]:
        """Takes runs without spaces apart at the names that they hold; others stay whole."""
        for token in tokens:
            if _in(token.text[0], *_UNSPACED):
                yield from self._cut(token)
            else:
                yield token

    def _cut(self, token: Token) -> Iterator[Token]:
        text, gap, start, found = token.text, token.gap, 0, []
        while start < len(text):
            end = next(
                (
                    start + length
                    for length in range(min(LONGEST, len(text) - start), 0, -1)
                    if text[start : start + length].casefold() in self.names
                    and (length > 1 or _in(text[start], _HAN))
                ),
                None,
            )
            if end is None:
                start += 1
                continue
            found.append(text[start:end])
            start = end
        # Words between two names are grammar.
        for number, name in enumerate(found or [text]):
            yield Token(name, name.casefold(), gap if number == 0 else " ")


def _in(character: str, *ranges: tuple[int, int]) -> bool:
    return any(low <= ord(character) <= high for low, high in ranges)


def is_latin(name: str) -> bool:
    """Whether a name is written in Latin letters, with or without accents."""
    return name[0] < "\u0370"
