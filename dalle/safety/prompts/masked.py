"""Words with some letters hidden behind signs: n*ked, n-ked."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

SHORTEST = 4  # letters of a word behind signs
MOST_TRIED = 3  # words for a masked one
# Letters hidden behind a sign, n*ked or n-ked, with the sign and all of them. A match begins at a
# word's first letter and gives nothing back, or a long word would be read anew from each letter.
_LETTERS = r"[^\W\d_]++"
_MASKED = tuple(
    re.compile(rf"(?<![^\W\d_])(?:{_LETTERS}(?:{signs}{_LETTERS})+|{_LETTERS}{signs})")
    for signs in ("[*#]++", "[_-]++")
)
_MASKS = frozenset("*#_-")


class MaskedWords:
    """Known words by their length and first letter; of one shape, the first given come first."""

    def __init__(self, words: Iterable[str]) -> None:
        self._by_shape: dict[tuple[int, str], list[str]] = defaultdict(list)
        for word in words:
            if len(word) >= SHORTEST:
                self._by_shape[len(word), word[0]].append(word)

    def read(self, folded: str, behind: Callable[[str], list[str]]) -> Iterator[str]:
        """The text with known words in place of masked ones; nothing where no sign is in it.

        `behind` is the method below, perhaps with a memory.
        """
        if _MASKS.isdisjoint(folded):
            return
        chunks = folded.split()
        hiding = [n for n, chunk in enumerate(chunks) if not _MASKS.isdisjoint(chunk)]
        before: list[list[str]] = [chunks]
        for rank in range(MOST_TRIED):

            def unmask(match: re.Match, rank: int = rank) -> str:
                words = behind(match[0])
                return words[min(rank, len(words) - 1)]

            read = chunks.copy()
            for n in hiding:
                for masked in _MASKED:
                    read[n] = masked.sub(unmask, read[n])
            if read not in before:
                before.append(read)
                yield " ".join(read)

    def behind(self, masked: str) -> list[str]:
        """The known words with these letters, or the masked word itself."""
        return [
            word
            for word in self._by_shape.get((len(masked), masked[0]), ())
            if all(a == b or a in _MASKS for a, b in zip(masked, word, strict=True))
        ] or [masked]
