"""Refusals and passes of the prompt filter in each language."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from dalle.audits.prompts.audit import Count, count, read_set
from dalle.safety.prompts.filter import PromptFilter

TEXTS, WORDS = "languages.tsv", "minors_words.tsv"
HARMLESS = "harmless"
# How two words stand together, in either order; languages without spaces have forms of their own.
TOGETHER = ("{child} {naked}", "{naked} {child}")
TOGETHER_IN = {
    "ja": ("{child}{naked}", "{naked}の{child}"),
    "th": ("{child}{naked}", "{naked}{child}"),
    "zh": ("{child}{naked}", "{naked}{child}", "{child}的{naked}"),
}


@dataclass(frozen=True)
class LanguageCounts:
    """The counts of one language: unsafe texts, pairs on minors, harmless texts."""

    language: str
    unsafe: Count
    minors: Count  # refused for being on minors, and for nothing else
    harmless: Count


def count_languages(
    prompt_filter: PromptFilter,
    folder: Path,
    normalize: Callable[[str], str] | None = None,
    part: str = "all",
) -> Iterator[LanguageCounts]:
    """Judges the two sets of a folder, a language after the other."""
    texts, words = (
        [row for row in read_set(folder / name) if part in ("all", row["part"])]
        for name in (TEXTS, WORDS)
    )
    for language in dict.fromkeys(row["language"] for row in texts):
        own = [row for row in texts if row["language"] == language]
        unsafe = [row["text"] for row in own if row["category"] != HARMLESS]
        harmless = [row["text"] for row in own if row["category"] == HARMLESS]
        yield LanguageCounts(
            language,
            count(prompt_filter, language, unsafe, normalize, should_refuse=True),
            _count_minors(prompt_filter, language, minors_pairs(words, language)),
            count(prompt_filter, language, harmless, normalize, should_refuse=False),
        )


def minors_pairs(words: list[dict[str, str]], language: str) -> list[str]:
    """Each word for a child with each word for naked, in each way that they stand together."""
    child, naked = (
        [word for row in words if (row["language"], row["kind"]) == (language, kind)
         for word in row["words"].split(";")]
        for kind in ("child", "naked")
    )  # fmt: skip
    forms = TOGETHER_IN.get(language, TOGETHER)
    return [form.format(child=a, naked=b) for a, b in product(child, naked) for form in forms]


def _count_minors(prompt_filter: PromptFilter, name: str, pairs: list[str]) -> Count:
    missed = [pair for pair in pairs if prompt_filter.check(pair).category != "minors"]
    return Count(name, len(pairs) - len(missed), len(pairs), tuple(missed))
