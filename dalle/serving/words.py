"""The words that a small model has seen, and what it has not seen in a prompt."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

FILE = "words.txt"  # beside the model's parts, one known word a line
# Every caption has them, so a model's list may do without.
SMALL_WORDS = frozenset(
    ("a", "an", "the", "of", "on", "in", "with", "and", "or", "at", "to", "by", "is", "it", "for")
)
SHOWN, NEAREST = 3, 3  # unknown words named under the box, and known ones offered for each
ALIKE = 0.6  # difflib's measure: "appel" and "apple" have 0.8


@dataclass(frozen=True)
class KnownWords:
    """A model's vocabulary in words; empty where a model does not tell."""

    words: frozenset[str] = frozenset()

    @classmethod
    def beside(cls, model: Path) -> Self:
        """The list in a model's folder, if there is one."""
        path = model / FILE
        lines: Iterable[str] = path.read_text("utf-8").splitlines() if path.is_file() else ()
        return cls(frozenset(line.strip().lower() for line in lines if line.strip()))

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.words)  # so that ties are settled in the same way every time

    def unknown(self, text: str) -> list[str]:
        """The words of a text that the model has never seen, each once, in order."""
        if not self.words:
            return []
        found = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", text.lower())
        return [word for word in dict.fromkeys(found) if not self._knows(word)]

    def cover(self, text: str) -> bool:
        """Whether a text has no other words, and no numbers: then it cannot tell of a person."""
        words = text.lower().replace(",", " ").split()
        return bool(self.words) and all(word.isalpha() and self._knows(word) for word in words)

    def nearest(self, word: str) -> list[str]:
        """Known words that are written nearly so, the nearest first."""
        return difflib.get_close_matches(word.lower(), self._sorted, NEAREST, ALIKE)

    def comment(self, text: str) -> str:
        """A line about what is unknown in a text; empty when all is known."""
        unknown = self.unknown(text)
        parts = []
        for word in unknown[:SHOWN]:
            near = self.nearest(word)
            parts.append(f"{word} (nearest: {', '.join(near)})" if near else word)
        more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        return f"Not known to this small model: {'; '.join(parts)}{more}." if parts else ""

    def _knows(self, word: str) -> bool:
        forms = {word, word.removesuffix("'s"), word.removesuffix("s"), word.removesuffix("es")}
        pieces = word.split("-")
        known = self.words | SMALL_WORDS
        return bool(forms & known) or (len(pieces) > 1 and all(map(self._knows, pieces)))
