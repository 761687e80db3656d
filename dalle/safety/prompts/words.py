"""How folded text may be read: as it stands, and with the words put together that were taken apart.

Nothing here decides; it only finds the words that the rules know. Time grows with the length of the
text alone: each step looks at windows of at most the longest known word.
"""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from functools import cache, partial

from dalle.safety.prompts.masked import MaskedWords
from dalle.safety.prompts.phrases import split
from dalle.safety.prompts.rules import Rules

SHORTEST_PIECE = 3  # letters of a word inside a run of others
SHORTEST_INSIDE = 4  # letters of a word inside single letters, with anything around it
SHORTEST_JOINED = 5  # letters of a word that was cut by a space
SHORTEST_JOINED_PART = 4  # and of one that is refused only beside others
SHORTEST_GLUED = 8  # letters of several words written as one
SHORTEST_SWAPPED = 4  # letters of a word, two of which are swapped; of a refused one 5
SHORTEST_FOREIGN = 7  # letters of a word of another language that was cut by a space
SHORTEST_BESIDE = 4  # and of one that is refused only beside others
SHORTEST_IN_TAG = 7  # and inside a hashtag
MOST_JOINED = 3  # words that may be one word taken apart
_FIRST_SINGLE = "\u0e00"  # from here on scripts are read character by character anyway
_HASHTAG = re.compile(r"#((?:[^\W_]|[\u0900-\u0dff])+)")  # as words are
_WIDE_GAP = re.compile(r" {2,}")
_DIGIT = re.compile(r"\d")
_RUN_OF_THREE = re.compile(r"(.)\1\1+")


def _between(word: str) -> list[str]:
    """The letters of a word with digits or an x between them: n1a2ked, nxaxkxexd."""
    letters = _DIGIT.sub("", word)
    if len(letters) == len(word) and set(word[1::2]) == {"x"}:
        letters = word[::2]
    return [letters] if SHORTEST_PIECE <= len(letters) < len(word) else []


class Repairs(dict):
    """The known words that each word of one text is made of, found as they are asked for.

    The forms of a text have most of their words in common.
    """

    def __init__(self, reader: "Reader") -> None:
        super().__init__()
        self._reader = reader
        self.behind = cache(reader.masked.behind)
        self.unglued = cache(reader.unglue)
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
        # Short words of other languages are too often two of English or of a third language.
        english = parts & rules.english
        foreign = {w for w in self.refused - rules.english if len(w) >= SHORTEST_FOREIGN}
        # A word that is refused only beside another may be short: both have to be there.
        beside = {w for w in parts - self.refused - english if len(w) >= SHORTEST_BESIDE}
        self.joinable = {w for w in english & self.refused if len(w) >= SHORTEST_JOINED} | foreign
        self.joinable |= {w for w in english - self.refused if len(w) >= SHORTEST_JOINED_PART}
        self.joinable |= rules.joined_short | beside
        self.never_swapped = rules.never_swapped
        self.by_letters: dict[str, list[str]] = defaultdict(list)
        for word in sorted(english | foreign | beside):
            short = len(word) < SHORTEST_SWAPPED + (word in self.refused)
            if word in rules.swapped_short or (not short and word.isalpha()):
                self.by_letters["".join(sorted(word))].append(word)
        self.beginnings = {word[:n] for word in self.joinable for n in range(1, len(word))}
        self.never_joined = rules.never_joined
        self.pieces = rules.filler | {
            word
            for word in english | {w for w in self.refused if len(w) >= SHORTEST_JOINED}
            if len(word) >= SHORTEST_PIECE + (word in self.refused) and not _DIGIT.search(word)
        }
        self.glued = (
            self.pieces
            | rules.short_filler
            | {
                word
                for word in parts - self.refused
                if len(word) >= (SHORTEST_PIECE if word in english else SHORTEST_BESIDE)
                and not _DIGIT.search(word)
            }
        )
        # Phrases whose words may be shorter than what is looked for alone.
        self.glued_phrases = {"".join(p): p for p in phrases if len(p) > 1 and p[0] >= "a"}
        ages = {word for word in parts if word.isdigit()}
        self.glued |= self.glued_phrases.keys() | ages
        self.longest = max(map(len, self.glued))
        self.ordinary, self.prefixes = rules.ordinary, rules.prefixes
        self.pieces_inside = {w for w in self.pieces if w in english} | rules.ordinary
        self.openings = {word[:SHORTEST_PIECE] for word in self.refused & self.pieces}
        alone = {phrase[0] for phrase in phrases if len(phrase) == 1}
        self.masked = MaskedWords((*sorted(alone), *sorted(parts - alone)))

    def read(self, folded: str, repairs: Repairs) -> Iterator[tuple[str, ...]]:
        """Sequences of words, the plainest first; the same one may come twice."""
        for unmasked in self.masked.read(folded, repairs.behind):
            yield self._repair_all(split(unmasked), repairs)
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
            unglued = tuple(part for word in words for part in repairs.unglued(word))
            if unglued != words:
                yield self._repair_all(unglued, repairs)
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
        unknown = repaired == (run,) and run not in self.known
        return self._find_inside(run) if unknown else repaired

    def read_chunk(self, chunk: str, repairs: Repairs) -> tuple[str, ...]:
        """The text between two spaces read as one word without its signs, if it is known."""
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
        for prefix in self.prefixes:
            if word.startswith(prefix):
                return (prefix, word.removeprefix(prefix))
        spellings = [word]
        if word[0].isdigit() or word[-1].isdigit():
            spellings.append(word.strip("0123456789"))
        spellings += _between(word)
        if _RUN_OF_THREE.search(word):
            spellings += [_RUN_OF_THREE.sub(kept, word) for kept in (r"\1", r"\1\1")]
        elif word[::2] == word[1::2]:
            spellings.append(word[::2])  # every letter twice
        for spelling in spellings:
            if spelling in self.known:
                return (spelling,)
        swapped_back = self._swap_back(word)
        if swapped_back:
            return (swapped_back,)
        if not self._may_hide(word):
            return (word,)
        for spelling in spellings:
            pieces = self._take_apart(spelling, self.pieces, SHORTEST_PIECE)
            if not self.refused.isdisjoint(pieces):
                return pieces
        return (word,)

    def _swap_back(self, word: str) -> str | None:
        """The known word that this unknown one is with two neighbouring letters swapped."""
        if not SHORTEST_SWAPPED <= len(word) <= self.longest or word in self.never_swapped:
            return None
        for other in self.by_letters.get("".join(sorted(word)), ()):
            differ = [n for n, (a, b) in enumerate(zip(word, other, strict=True)) if a != b]
            if len(differ) == 2 and differ[1] == differ[0] + 1:
                return other
        return None

    def unglue(self, word: str) -> tuple[str, ...]:
        """The words that a long one is written together of; itself where it is not."""
        if len(word) < SHORTEST_GLUED or word in self.known or word in self.ordinary:
            return (word,)
        parts = self._take_apart(word, self.glued, 1)
        # Of one word and an ending, such as "molest" and "ia", it is no proof.
        if sum(len(part) >= SHORTEST_PIECE for part in parts) > 1:
            return parts
        return self._find_inside(word, SHORTEST_IN_TAG)

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
        return tuple(
            part for piece in reversed(found) for part in self.glued_phrases.get(piece, (piece,))
        )

    def _read_hashtag(self, match: re.Match) -> str:
        word = match[1]
        found = (word,) if word in self.known else self._take_apart(word, self.glued, 1)
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
