"""The words that a small model has seen, and the unseen ones of a prompt."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dalle.text.heard import Hearing

FILE = "words.txt"  # beside the model's parts, one known word a line
# Every caption has them, so a model's list may do without.
SMALL_WORDS = frozenset(
    ("a", "an", "the", "of", "on", "in", "with", "and", "or", "at", "to", "by", "is", "it", "for")
)
SHOWN = 3  # unknown words named under the box


@dataclass(frozen=True)
class KnownWords:
    """A model's vocabulary in words; empty where a model does not tell."""

    words: frozenset[str] = frozenset()
    hearing: Hearing | None = None  # where the model draws other things for some words

    @classmethod
    def beside(cls, model: Path) -> Self:
        """The list in a model's folder, if there is one."""
        path = model / FILE
        lines: Iterable[str] = path.read_text("utf-8").splitlines() if path.is_file() else ()
        known = frozenset(line.strip().lower() for line in lines if line.strip())
        return cls(known, Hearing.beside(model))

    def unknown(self, text: str) -> list[str]:
        """The words of a text that the model has never seen, each once, in order."""
        if not self.words:
            return []
        found = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", text.lower())
        return [word for word in dict.fromkeys(found) if not self._knows(word)]

    def comment(self, text: str) -> str:
        """Sentences about stand-ins and unknown words; empty if all is known.

        Nothing is ever offered because it is written alike.
        """
        if self.hearing:
            heard = self.hearing.hear(text)
            known = [f"Drawn: {', '.join(heard.heard)}."] if heard.heard and heard.unheard else []
            return " ".join([*heard.notes, *known])
        unknown = self.unknown(text)
        more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        return f"Not known to this model: {', '.join(unknown[:SHOWN])}{more}." if unknown else ""

    def suggestions(self, text: str) -> tuple[str, ...]:
        """Prompts to try instead of a text in which nothing is known."""
        return self.hearing.hear(text).suggestions if self.hearing else ()

    def _knows(self, word: str) -> bool:
        forms = {word, word.removesuffix("'s"), word.removesuffix("s"), word.removesuffix("es")}
        pieces = word.split("-")
        known = self.words | SMALL_WORDS
        return bool(forms & known) or (len(pieces) > 1 and all(map(self._knows, pieces)))
