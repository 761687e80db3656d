"""Refusals and passes of the prompt filter on sets of texts, and its speed."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path

from dalle.audits.prompts.disguises import DISGUISES, disguised, in_templates, pairs
from dalle.errors import DalleError
from dalle.safety.prompts.filter import PromptFilter
from dalle.safety.prompts.rules import load_rules

MINORS_PAIRS = 100  # of each rule on minors, written plainly
MINORS_DISGUISED = 8
LONG = 300  # characters of the texts that are timed
NASTY = (
    "<", "<a", "<a>", "&", "&#", "&#x41;", "&amp;amp;", "%", "%41", "#", "#a", "#aa ", "##", "*",
    "a*", "a*b*", "n-", "a_", "a b ", "a  b", "a.b.", "a", "aa", "aaab", "4", "1", "1a", "1 a ",
    "!", "a!", "$a", "naked ", "naked", "nakednake", "girlnak", "sexsex", "the rapist ", "shot on ",
    "donald trump ", "kill ", "people kill ", "12 year old ", "as rats jews ", "nude", "nu de ",
    "n a k e ", "anal", "\u200b", "a\u0336", "\u0301", "🔥", "👩\u200d👩\u200d👧", "裸", "裸体",
    "セックス", "ﷺ", "ﬃ", "ǆ", "𝐧", "Ж", "ж ", "\u05d0\u05b8", "नं", "\t", "\n ", "'", '"', "\\",
    "{}", "http://a.b/", "<person>, ", "[1]", "1,000", "\x00", "\ufffd",
)  # fmt: skip


@dataclass(frozen=True)
class Count:
    """How many texts of a set were refused, and those that should not have gone as they did."""

    name: str
    refused: int
    total: int
    wrong: tuple[str, ...]

    @property
    def share(self) -> float:
        return self.refused / self.total if self.total else float("nan")


@dataclass(frozen=True)
class Speed:
    """Milliseconds of processor time of a check; of three times that a text is judged the best."""

    median: float
    p99: float
    worst: float


def read_set(path: Path) -> list[dict[str, str]]:
    """The rows of a tab-separated file by the names in its first line; lines with # are notes."""
    if not path.is_file():
        raise DalleError(
            f"there is no file {path}; name the folder that holds it (see --help), or leave the "
            "set out."
        )
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line.strip() and not line.startswith("#")]
    return [dict(zip(rows[0], row, strict=False)) for row in rows[1:]]


def read_lines(path: Path) -> list[str]:
    """A text a line."""
    if not path.is_file():
        raise DalleError(
            f"there is no file {path}; name the folder that holds it (see --help), or leave the "
            "set out."
        )
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def count(
    prompt_filter: PromptFilter,
    name: str,
    texts: Iterable[str],
    normalize: Callable[[str], str] | None,
    should_refuse: bool,
) -> Count:
    """Judges every text of a set."""
    texts = list(texts)
    allowed = [prompt_filter.check(text, normalize).allowed for text in texts]
    wrong = [text for text, ok in zip(texts, allowed, strict=True) if ok == should_refuse]
    return Count(name, len(texts) - sum(allowed), len(texts), tuple(wrong))


def plain(seeds: Iterable[str]) -> list[str]:
    """Each seed in each template."""
    return [text for seed in seeds for text in in_templates(seed)]


def in_disguise(seeds: Iterable[str]) -> dict[str, list[str]]:
    """Each seed in each disguise that changes it, in each template, by the disguise's name."""
    texts: dict[str, list[str]] = {name: [] for name in DISGUISES}
    for seed in seeds:
        for name, text in disguised(seed).items():
            texts[name] += in_templates(text)
    return texts


def minors_seeds(count: int) -> list[str]:
    """Pairs of the two groups of each rule on minors, from its own word lists."""
    rules = load_rules()
    seeds = []
    for rule in rules.rules:
        if rule.category == "minors" and len(rule.groups) == 2:
            first, second = (
                sorted({" ".join(phrase) for name in group for phrase in rules.lists[name]})
                for group in rule.groups
            )
            seeds += pairs(first, second, count)
    return seeds


def long_texts(texts: Iterable[str], number: int) -> list[str]:
    """`number` texts of LONG characters, made of shorter ones."""
    source = cycle(list(texts))
    made = []
    for _ in range(number):
        text = next(source)
        while len(text) < LONG:
            text += " " + next(source)
        made.append(text[:LONG])
    return made


def nasty_texts() -> list[str]:
    """Over two hundred texts of LONG characters that a careless filter would be slow on."""
    units = [*NASTY, *(a + b for a, b in zip(NASTY, NASTY[7:], strict=False))]
    units += [f"{a}a{b}1" for a, b in zip(NASTY, NASTY[13:], strict=False)]
    return [(unit * LONG)[:LONG] for unit in units]


def measure_speed(
    prompt_filter: PromptFilter,
    texts: Iterable[str],
    normalize: Callable[[str], str] | None = None,
) -> Speed:
    """Times a check of each text."""
    times = sorted(
        min(_milliseconds(partial(prompt_filter.check, text, normalize)) for _ in range(3))
        for text in texts
    )
    return Speed(statistics.median(times), times[int(0.99 * len(times))], times[-1])


def _milliseconds(run: Callable[[], object]) -> float:
    started = time.thread_time()
    run()
    return 1000 * (time.thread_time() - started)
