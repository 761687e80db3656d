"""The work on a prompt grows with its length, and no faster."""

import re
import time
from collections.abc import Callable
from functools import partial
from types import ModuleType

import pytest

from dalle.safety.prompts import folding, matching, phrases, rules, words
from dalle.safety.prompts.filter import PromptFilter
from dalle.settings import MAX_PROMPT_CHARACTERS, SettingsError, check_prompt
from dalle.text import TextNormalizer, normalize
from tests.fakes.long_texts import KINDS, long_text

MOST_GROWTH = 1.3  # of the time for a character, when the length doubles; a square doubles it
PATIENCE = 10  # seconds


def patterns_of(module: ModuleType) -> dict[str, re.Pattern[str]]:
    """Every compiled pattern that a module holds, alone or in a row."""
    found: dict[str, re.Pattern[str]] = {}
    for name, value in vars(module).items():
        row = value if isinstance(value, tuple) else (value,)
        for n, pattern in enumerate(row):
            if isinstance(pattern, re.Pattern):
                found[f"{module.__name__}.{name}.{n}"] = pattern
    return found


PATTERNS = {
    name: pattern
    for module in (folding, matching, phrases, rules, words)
    for name, pattern in patterns_of(module).items()
}
PATTERNS |= {
    f"normalize: {pattern}": re.compile(pattern)
    for pattern, _ in (*normalize.BEFORE_HASHTAGS, *normalize.AFTER_HASHTAGS, (r"#(\w+)", ""))
}
PATTERNS["the words of other languages"] = phrases.word_finder(rules.load_rules().elsewhere)


def growth(run: Callable[[str], object], kind: str, shortest: int) -> float:
    """How much more each character costs each time that the length doubles, in processor time.

    The length doubles three times, so that noise weighs little. A busy machine only ever adds to
    a time: the least of several is taken, until it is enough.
    """
    short, long = long_text(kind, shortest), long_text(kind, 8 * shortest)
    least_short = least_long = float("inf")
    grown = float("inf")
    ends = time.monotonic() + PATIENCE
    while grown > MOST_GROWTH and time.monotonic() < ends:
        least_short = min(least_short, seconds(run, short))
        least_long = min(least_long, seconds(run, long))
        grown = (least_long / least_short / 8) ** (1 / 3)
    return grown


def seconds(run: Callable[[str], object], text: str) -> float:
    started = time.thread_time()
    run(text)
    return time.thread_time() - started


def test_a_square_would_be_noticed():
    square = re.compile(r"[^\W\d_]+[*#]+")  # what masks were looked for with before
    assert growth(partial(square.sub, ""), "a masked word without an end", 200) > MOST_GROWTH


def test_there_are_many_kinds_and_patterns():
    assert len(KINDS) == 35
    assert len(PATTERNS) > 30


@pytest.mark.parametrize("name", PATTERNS)
def test_each_pattern_is_linear(name):
    for kind in KINDS:
        assert growth(partial(PATTERNS[name].sub, ""), kind, 1000) < MOST_GROWTH, kind


@pytest.mark.parametrize("kind", KINDS)
def test_the_normalizer_is_linear(kind):
    assert growth(TextNormalizer(), kind, 500) < MOST_GROWTH


@pytest.mark.parametrize("kind", KINDS)
def test_the_filter_is_linear(kind):
    check = partial(PromptFilter.load("strict").check, normalize=TextNormalizer())
    assert growth(check, kind, 500) < MOST_GROWTH


def test_a_prompt_has_a_longest_length():
    assert check_prompt("a" * MAX_PROMPT_CHARACTERS)
    with pytest.raises(SettingsError, match="at most 2000 are read"):
        check_prompt("a" * 2001)
