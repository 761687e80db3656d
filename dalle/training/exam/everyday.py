"""Prompts like those that people typed in 2022, and the expected content of their pictures."""

import functools
from pathlib import Path

PROMPTS = Path(__file__).with_name("everyday.tsv")
ALIKE = Path(__file__).with_name("alike.txt")


@functools.cache
def read_alike() -> dict[str, frozenset[str]]:
    """Kinds that go by the same name, by that name."""
    rows = (line.split(": ") for line in _lines(ALIKE))
    return {name: frozenset(kinds.split(", ")) for name, kinds in rows}


@functools.cache
def read_prompts() -> tuple[tuple[str, tuple[frozenset[str], ...]], ...]:
    """(prompt, for each thing the kinds that will do)."""
    alike = read_alike()
    return tuple(
        (prompt, tuple(alike.get(name, frozenset((name,))) for name in names.split(", ")))
        for prompt, names in (line.split("\t") for line in _lines(PROMPTS))
    )


def _lines(path: Path) -> list[str]:
    lines = path.read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
