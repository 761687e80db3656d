"""How folded text may be read: as it stands, and with the words put together that were taken apart.

Nothing here decides; it only finds the words that the rules know. Time grows with the length of the
text alone: each step looks at windows of at most the longest known word.
"""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from functools import cache, partial

from dalle.safety.rules import Rules, split

SHORTEST_PIECE = 3  # letters of a word inside a run of others
SHORTEST_INSIDE = 4  # letters of a word inside single letters, with anything around it
SHORTEST_MASKED = 4  # letters of a word behind signs
SHORTEST_JOINED = 5  # letters of a word that was cut by a space
SHORTEST_IN_TAG = 7  # and inside a hashtag
MOST_JOINED = 3  # words that may be one word taken apart
# Letters hidden behind a sign, n*ked or n-ked, with the sign and all of them.
_MASKED = tuple(
    re.compile(rf"[^\W\d_]+(?:[{signs}]+[^\W\d_]+)+|[^\W\d_]+[{signs}]+") for signs in ("*#", "_-")
)
_MASKS = frozenset("*#_-")
_FIRST_SINGLE = "\u0e00"  # from here on scripts are read character by character anyway
MOST_MASKED = 3  # words that are tried for a masked one
_HASHTAG = re.compile(r"#([^\W_]+)")
_WIDE_GAP = re.compile(r" {2,}")
_DIGIT = re.compile(r"\d")
_RUN_OF_THREE = re.compile(r"(.)\1\1+")


class Repairs(dict):
    """The known words that each word of one text is made of, found as they are asked for.

    The forms of a text have most of their words in common.
    """

    def __init__(self, reader: "Reader") -> None:
        super().__init__()
        self._reader = reader
        self.behind = cache(reader.behind)
        self.in_chunk = cache(partial(reader.read_chunk, repairs=self))
        self.read: set[tuple[str, ...]] = set()  # words that were read as they stand

    def __missing__(self, word: str) -> tuple[str, ...]:
        self[word] = repaired = self._reader.repair(word)
        return repaired


class Reader:
    """Reads text with the vocabulary of a set of rules."""

    def __init__(self, rules: Rules) -> None:
        refusing = {name for rule in rules.rules for group in rule.groups for name in group}
        phrases = set().union(*(rules.lists[name] for name in refusing))
        parts = {word for phrase in phrases for word in phrase}
        # Words that are refused by themselves: only for their sake is anything put together.
        self.refused = {
            phrase[0]
            for rule in rules.rules
            if len(rule.groups) == 1 and rule.policy == "standard"
            for name in rule.groups[0]
            for phrase in rules.lists[name]
            if len(phrase) == 1
        }
        self.known = {word for phrase in set().union(*rules.lists.values()) for word in phrase}
        self.joinable = {word for word in self.refused if len(word) >= SHORTEST_JOINED}
        self.beginnings = {word[:n] for word in self.joinable for n in range(1, len(word))}
        self.never_joined = rules.never_joined
        self.pieces = rules.filler | {
            word
            for word in parts
            if len(word) >= SHORTEST_PIECE + (word in self.refused) and not _DIGIT.search(word)
        }
        self.pieces_of_tags = self.pieces | rules.short_filler
        self.longest = max(map(len, self.pieces))
        self.pieces_inside = self.pieces | rules.ordinary
        self.openings = {word[:SHORTEST_PIECE] for word in self.refused & self.pieces}
        self.by_shape: dict[tuple[int, str], list[str]] = defaultdict(list)
        alone = {phrase[0] for phrase in phrases if len(phrase) == 1}
        for word in (*sorted(alone), *sorted(parts - alone)):
            if len(word) >= SHORTEST_MASKED:
                self.by_shape[len(word), word[0]].append(word)

    def read(self, folded: str, repairs: Repairs) -> Iterator[tuple[str, ...]]:
        """Sequences of words, the plainest first; the same one may come twice."""
        if not _MASKS.isdisjoint(folded):
            yield from self._read_masked(folded, repairs)
        if "#" in folded:
            folded = _HASHTAG.sub(self._read_hashtag, folded)
        words = tuple(split(folded))
        if words not in repairs.read:
            repairs.read.add(words)
            plain = self._repair_all(words, repairs)
            yield plain
            joined = self._join(plain)
            if joined:
                yield joined
        chunks = folded.split()
        if len(words) > len(chunks):  # there are signs between letters
            yield tuple(word for chunk in chunks for word in repairs.in_chunk(chunk))
        if _WIDE_GAP.search(folded):  # where letters are spaced, wider gaps are between words
            apart = _WIDE_GAP.split(folded)
            yield tuple(
                word for part in apart for word in self._repair_all(split(part), repairs, 2)
            )

    def _repair_all(
        self, words: Iterable[str], repairs: Repairs, shortest: int = SHORTEST_PIECE
    ) -> tuple[str, ...]:
        repaired: list[str] = []
        letters: list[str] = []
        for word in words:
            if len(word) == 1 and word < _FIRST_SINGLE:
                letters.append(word)
                continue
            if letters:
                repaired += self._read_letters(letters, repairs, shortest)
                letters.clear()
            repaired += repairs[word]
        repaired += self._read_letters(letters, repairs, shortest)
        return tuple(repaired)

    def _read_letters(self, letters: list[str], repairs: Repairs, shortest: int) -> Iterable[str]:
        """Single letters in a row are a word or several, spelt out."""
        if len(letters) < shortest:
            return tuple(letters)
        run = "".join(letters)
        repaired = repairs[run]
        return self._find_inside(run) if repaired == (run,) else repaired

    def read_chunk(self, chunk: str, repairs: Repairs) -> tuple[str, ...]:
        """What stands between two spaces as one word, whatever signs are in it, if it is known."""
        if len(chunk) > 1 and chunk.isascii() and chunk.isalpha():
            return repairs[chunk]
        words = split(chunk)
        together = repairs["".join(words)] if len(words) > 1 else ()
        known = not self.known.isdisjoint(together)
        taken = known and tuple(words) not in self.never_joined
        return together if taken else self._repair_all(words, repairs)

    def repair(self, word: str) -> tuple[str, ...]:
        """The known words that one unknown word is made of; itself where there are none."""
        if word in self.known or len(word) < SHORTEST_PIECE:
            return (word,)
        spellings = [word]
        if word[0].isdigit() or word[-1].isdigit():
            spellings.append(word.strip("0123456789"))
        if _RUN_OF_THREE.search(word):
            spellings += [_RUN_OF_THREE.sub(kept, word) for kept in (r"\1", r"\1\1")]
        elif word[::2] == word[1::2]:
            spellings.append(word[::2])  # every letter twice
        for spelling in spellings:
            if spelling in self.known:
                return (spelling,)
        if not self._may_hide(word):
            return (word,)
        for spelling in spellings:
            pieces = self._take_apart(spelling, self.pieces, SHORTEST_PIECE)
            if not self.refused.isdisjoint(pieces):
                return pieces
        return (word,)

    def _may_hide(self, word: str) -> bool:
        """Whether a word that is refused may begin somewhere in this one."""
        for n in range(len(word) - SHORTEST_PIECE + 1):
            if word[n : n + SHORTEST_PIECE] in self.openings:
                return True
        return False

    def _take_apart(self, word: str, pieces: Container[str], shortest: int) -> tuple[str, ...]:
        """The fewest known words that together are the whole word; () where there are none."""
        # ways[n]: how many words the first n letters are, and the length of the last of them.
        ways: list[tuple[int, int] | None] = [(0, 0)] + [None] * len(word)
        for start in range(len(word)):
            way = ways[start]
            if way is None:
                continue
            for end in range(start + shortest, min(start + self.longest, len(word)) + 1):
                so_far = ways[end]
                if (so_far is None or way[0] + 1 < so_far[0]) and word[start:end] in pieces:
                    ways[end] = (way[0] + 1, end - start)
        if ways[-1] is None:
            return ()
        found, end = [], len(word)
        while end:
            start = end - ways[end][1]
            found.append(word[start:end])
            end = start
        return tuple(reversed(found))

    def _read_hashtag(self, match: re.Match) -> str:
        word = match[1]
        found = (word,) if word in self.known else self._take_apart(word, self.pieces_of_tags, 1)
        return f" {' '.join(found or self._find_inside(word, SHORTEST_IN_TAG))} "

    def _find_inside(self, run: str, shortest: int = SHORTEST_INSIDE) -> tuple[str, ...]:
        """Known words inside a run of letters, the longest first where several start."""
        found, start = [], 0
        while start < len(run):
            for end in range(min(start + self.longest, len(run)), start + shortest - 1, -1):
                if run[start:end] in self.pieces_inside:
                    found.append(run[start:end])
                    start = end
                    break
            else:
                start += 1
        return tuple(found) or (run,)

    def _join(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """The words with neighbours joined where that makes a known one; () if nowhere."""
        joined, done = [], 0
        for start, word in enumerate(words):
            if start < done or word not in self.beginnings:
                continue
            count = self._count_joined(words[start : start + MOST_JOINED])
            if count > 1:
                joined += [*words[done:start], "".join(words[start : start + count])]
                done = start + count
        return (*joined, *words[done:]) if joined else ()

    def _count_joined(self, words: tuple[str, ...]) -> int:
        """How many of these words, from the first on, are one word taken apart; 1 for none."""
        longest, together = 1, words[0]
        for count, word in enumerate(words[1:], start=2):
            if together not in self.beginnings:
                break
            together += word
            if together in self.joinable and words[:count] not in self.never_joined:
                longest = count
        return longest

    def _read_masked(self, folded: str, repairs: Repairs) -> Iterator[tuple[str, ...]]:
        """With the words behind n*ked, as far as the rules know some with these letters."""
        chunks = folded.split()
        hiding = [n for n, chunk in enumerate(chunks) if not _MASKS.isdisjoint(chunk)]
        before: list[list[str]] = [chunks]
        for rank in range(MOST_MASKED):

            def unmask(match: re.Match, rank: int = rank) -> str:
                words = repairs.behind(match[0])
                return words[min(rank, len(words) - 1)]

            read = chunks.copy()
            for n in hiding:
                for masked in _MASKED:
                    read[n] = masked.sub(unmask, read[n])
            if read not in before:
                before.append(read)
                yield self._repair_all(split(" ".join(read)), repairs)

    def behind(self, masked: str) -> list[str]:
        """The known words with these letters, or the masked word itself."""
        return [
            word
            for word in self.by_shape.get((len(masked), masked[0]), ())
            if all(a == b or a in _MASKS for a, b in zip(masked, word, strict=True))
        ] or [masked]
