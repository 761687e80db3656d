"""The lists of everyday words, as they lie beside this file: one entry a line, # for remarks."""

import functools
import re
from pathlib import Path

FOLDER = Path(__file__).parent


@functools.cache
def read_list(name: str) -> tuple[str, ...]:
    """The entries of `name`.txt."""
    return _entries(f"{name}.txt")


@functools.cache
def read_table(name: str) -> dict[str, tuple[str, ...]]:
    """The entries of `name`.tsv by their first column, a relation."""
    rows: dict[str, list[str]] = {}
    for entry in _entries(f"{name}.tsv"):
        relation, words = entry.split("\t")
        rows.setdefault(relation, []).append(words)
    return {relation: tuple(words) for relation, words in rows.items()}


def _entries(name: str) -> tuple[str, ...]:
    lines = (FOLDER / name).read_text("utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def everyday_words() -> list[str]:
    """All entries of all lists."""
    files = sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".txt", ".tsv"))
    entries = (entry.split("\t")[-1] for name in files for entry in _entries(name))
    return [re.sub(r"\{\d?\}", " ", entry).strip() for entry in entries]
