"""Finding the rules' phrases among words, and the first rule that they fulfil."""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

from dalle.safety.prompts.phrases import WORD, Phrase
from dalle.safety.prompts.rules import ALLOWED, IDIOMS, OF_THINGS, Rule

Span = tuple[int, int]  # first word, and the one after the last
_ENDS = ""  # no word is empty
_SOMEBODY = ("people", "person", "someone", "human")
# Allowed between words that belong together. Vowel signs of Indic scripts and Thai are no
# letters to a pattern, but parts of words.
_BETWEEN = re.compile(r"[^\w\u0900-\u0dff\u0e00-\u0e7f,;:.!?()/|~\n]+")
_STOPS = ",;:.!?\n"
_WORD_OR_STOP = re.compile(rf"{WORD.pattern}|[{_STOPS}]")


class Matcher:
    """Knows the phrases of many lists at once, as a tree of words."""

    def __init__(self, lists: Mapping[str, Iterable[Phrase]]) -> None:
        self._tree: dict = {}
        for name, phrases in lists.items():
            for phrase in phrases:
                node = self._tree
                for word in phrase:
                    node = node.setdefault(word, {})
                node.setdefault(_ENDS, []).append(name)

    def find(self, words: Sequence[str]) -> dict[str, list[Span]]:
        """Where the phrases of each list occur, from left to right."""
        found: dict[str, list[Span]] = defaultdict(list)
        for start, first in enumerate(words):
            node = self._tree.get(first)
            if node is None:
                continue
            end = start + 1
            while node is not None:
                for name in node.get(_ENDS, ()):
                    found[name].append((start, end))
                node = node.get(words[end]) if end < len(words) else None
                end += 1
        return found


def settle_allowed(
    found: dict[str, list[Span]], words: Sequence[str], folded: str, after: Collection[str]
) -> None:
    """Keeps an allowed phrase only if no comma separates its words in the folded text.

    Phrases about things stay only if no person is named. Spans inside an idiom leave all lists;
    those of things must end there, or a word of `after` comes next.
    """
    idioms, of_things = found.pop(IDIOMS, []), found.pop(OF_THINGS, [])
    allowed, things, apart = (found.pop(name, []) for name in ALLOWED)
    if of_things:
        idioms = idioms + _ended(of_things, words, folded, after)
    if idioms:
        _leave_out(found, _unparted(idioms, words, folded))
    nobody = found.keys().isdisjoint(_SOMEBODY)
    spans = _unparted(allowed + things if nobody else allowed, words, folded)
    if nobody:
        spans = spans + apart
    if spans:
        found["allowed"] = spans


def _unparted(spans: list[Span], words: Sequence[str], folded: str) -> list[Span]:
    """The spans whose words stand in the folded text with nothing but spaces between."""
    if not spans:
        return []
    run_on = _BETWEEN.sub("", folded)
    # Each phrase is looked for once, however often it occurs.
    written = {span: "".join(words[slice(*span)]) for span in spans}
    # One that stands there once in order does not vouch for another with a comma in it.
    often = Counter(written.values())
    unparted = {phrase for phrase, count in often.items() if run_on.count(phrase) >= count}
    return [span for span in spans if written[span] in unparted]


def _ended(
    spans: list[Span], words: Sequence[str], folded: str, after: Collection[str]
) -> list[Span]:
    """The spans after which the text, or a part of it, ends, or a word of `after` comes."""
    written = _WORD_OR_STOP.findall(folded)
    parted = {
        (first, last)
        for first, stop, last in zip(written, written[1:], written[2:], strict=False)
        if stop in _STOPS
    }
    parted -= set(pairwise(written))  # said in both ways, it counts as run on
    coming = [*words, _ENDS, _ENDS]

    def is_ended(end: int) -> bool:
        first = coming[end + 1] if coming[end] == "and" else coming[end]
        return end == len(words) or first in after or (words[end - 1], coming[end]) in parted

    return [(start, end) for start, end in spans if is_ended(end)]


def _leave_out(found: dict[str, list[Span]], idioms: list[Span]) -> None:
    ends: dict[int, int] = {}  # of the longest idiom that covers each word
    for start, end in idioms:
        for n in range(start, end):
            ends[n] = max(ends.get(n, 0), end)
    for name, spans in list(found.items()):
        found[name] = [(start, end) for start, end in spans if ends.get(start, 0) < end]
        if not found[name]:
            del found[name]


def first_fulfilled(rules: Iterable[Rule], found: dict[str, list[Span]]) -> Rule | None:
    """The first rule that the phrases found fulfil."""
    if not found:
        return None
    free = _without_allowed(found)
    for rule in rules:
        spans = found if rule.absolute else free
        if any(spans.keys().isdisjoint(group) for group in rule.groups):
            continue
        groups = [sorted(span for name in group for span in spans.get(name, ()))
                  for group in rule.groups]  # fmt: skip
        if (len(groups) != 2 or _are_near(rule, *groups)) and not _is_spared(rule, found):
            return rule
    return None


def _is_spared(rule: Rule, found: Mapping[str, list[Span]]) -> bool:
    """Whether other phrases of the text tell that it is about something else."""
    return not found.keys().isdisjoint(rule.spared_by) and found.keys().isdisjoint(rule.but_not)


def _without_allowed(found: dict[str, list[Span]]) -> dict[str, list[Span]]:
    allowed = {n for start, end in found.get("allowed", ()) for n in range(start, end)}
    if not allowed:
        return found
    free = {
        name: [span for span in spans if allowed.isdisjoint(range(*span))]
        for name, spans in found.items()
    }
    return {name: spans for name, spans in free.items() if spans}


def _are_near(rule: Rule, first: list[Span], second: list[Span]) -> bool:
    return _follows(first, second, rule.within) or (
        not rule.ordered and _follows(second, first, rule.within)
    )


def _follows(first: list[Span], second: list[Span], within: int | None) -> bool:
    """Whether a span of `second` comes after one of `first`, at most `within` words later."""
    starts = [start for start, _ in second]
    for _, end in first:
        next_one = bisect_left(starts, end)
        if next_one < len(starts) and (within is None or starts[next_one] - end <= within):
            return True
    return False
