"""Slips of the pen: the one known word that an unknown one is nearly.

Words are indexed by their forms without one or two letters, as in SymSpell
(github.com/wolfgarbe/SymSpell). So a look-up takes the same time for any vocabulary.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations

SHORTEST, LONG, LONGEST = 5, 8, 24  # letters; from LONG on two may be wrong


class Slips:
    """Finds the nearest of some words."""

    def __init__(self, words: Iterable[str], ordinary: frozenset[str]):
        self._ordinary = ordinary
        self._index: dict[str, list[str]] = defaultdict(list)
        for word in words:
            if SHORTEST <= len(word) <= LONGEST and word.isalpha():
                for rest in _without(word):
                    self._index[rest].append(word)

    def nearest(self, word: str) -> str | None:
        """The only word at the least distance; None for an ordinary word, or where two are near."""
        if word in self._ordinary or not SHORTEST <= len(word) <= LONGEST or not word.isalpha():
            return None
        near = {known for rest in _without(word) for known in self._index.get(rest, ())}
        most = 2 if len(word) >= LONG else 1
        by_distance = defaultdict(set)
        for known in near:
            if known[0] == word[0]:
                by_distance[distance(word, known)].add(known)
        least = min(by_distance, default=most + 1)
        found = by_distance[least] if least <= most else set()
        return found.pop() if len(found) == 1 else None


def _without(word: str) -> Iterator[str]:
    """A word without none, one and, if it is long, two of its letters."""
    for count in range(3 if len(word) >= LONG else 2):
        for left_out in combinations(range(len(word)), count):
            yield "".join(c for n, c in enumerate(word) if n not in left_out)


def distance(one: str, other: str) -> int:
    """Letters put in, left out, exchanged, or two beside each other that changed places."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, last[j - 2] + 1)
            row.append(best)
    return row[-1]
