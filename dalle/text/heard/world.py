"""The things, places, looks and colours that a small model draws, from the table in its folder."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

from dalle.errors import DalleError
from dalle.text.heard.tokens import Token, bare_key, key_of, phrases_at

FILE = "world.tsv"
COLUMNS = ("sort", "phrase", "plural", "group", "emoji", "names")
SORTS = ("thing", "place", "look", "colour", "size", "word")


@dataclass(frozen=True)
class Entry:
    """One thing, place, look, colour, size or word of the captions."""

    sort: str
    phrase: str  # "a cat", "on the beach", "watercolour", "red"
    plural: str  # "cats"; of a look the words before "of a cat": "a watercolour"
    group: str  # of a thing: "animals"
    emoji: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class World:
    """All entries, and where each phrase leads."""

    entries: tuple[Entry, ...]
    words: frozenset[str]  # every word that the model has seen
    phrases: dict[str, Entry] = field(init=False, repr=False)
    plurals: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        phrases: dict[str, Entry] = {}
        plurals = set()
        # First every entry's own phrase: a name of another thing never takes its place.
        for entry in self.entries:
            phrases.setdefault(bare_key(entry.phrase), entry)
            if entry.sort == "place":
                phrases.setdefault(key_of(entry.phrase), entry)
        for entry in self.entries:
            if entry.plural:
                key = bare_key(entry.plural)
                phrases.setdefault(key, entry)
                plurals.add(key)
            for name in entry.names:
                phrases.setdefault(bare_key(name), entry)
        object.__setattr__(self, "phrases", phrases)
        object.__setattr__(self, "plurals", frozenset(plurals))

    @classmethod
    def read(cls, folder: Path, words: frozenset[str]) -> Self:
        """The table in a model's folder; DalleError where its columns are others."""
        path = folder / FILE
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise DalleError(
                    f"{path} has the columns {reader.fieldnames}; they must be "
                    f"{', '.join(COLUMNS)}; write it with `python -m dalle train names`."
                )
            entries = tuple(
                Entry(**row | {"names": tuple(name for name in row["names"].split("; ") if name)})
                for row in reader
            )
        return cls(entries, words)

    @cached_property
    def kinds(self) -> dict[Entry, int]:
        """The row of each thing, by which tables of drawings know it."""
        things = (entry for entry in self.entries if entry.sort == "thing")
        return {entry: row for row, entry in enumerate(things)}

    @cached_property
    def foods(self) -> frozenset[str]:
        """The phrases of all things that are eaten."""
        return frozenset(entry.phrase for entry in self.entries if entry.group == "food")

    @cached_property
    def colours(self) -> dict[str, Entry]:
        """All colours by their names; some are names of things too, such as an orange."""
        entries = [entry for entry in self.entries if entry.sort == "colour"]
        return {name: entry for entry in entries for name in (entry.phrase, *entry.names)}

    @property
    def emoji_names(self) -> dict[str, str]:
        """The phrase of each thing by its emoji."""
        return {entry.emoji: entry.phrase for entry in self.entries if entry.emoji}

    def cuts(self, entry: Entry, tokens: Sequence[Token], end: int) -> bool:
        """Whether a place ends in the first word of a thing: "in the city" of "in the city bus"."""
        if entry.sort != "place" or end >= len(tokens) or not tokens[end].joins:
            return False
        names = (self.phrases.get(key) for size, key in phrases_at(tokens, end - 1) if size > 1)
        return any(name and name.sort == "thing" for name in names)

    def parts(self, phrase: str) -> list[str]:
        """A phrase as the things that it tells of: "a sailor and a galleon" of two."""
        if bare_key(phrase) in self.phrases:  # "a bride and groom"
            return [phrase]
        parts = phrase.split(" and ")
        return parts if all(self.thing(part) for part in parts) else [phrase]

    def article(self, name: str) -> str:
        """The article of a thing by one of its names; empty for "pizza" or "playing cards"."""
        entry, name = self.phrases[bare_key(name)], name.lower()
        phrases = [entry.phrase.lower(), *entry.names]
        articles = ("",) if name in phrases else ("a ", "an ")
        return next((article for article in articles if f"{article}{name}" in phrases), "")

    def thing(self, phrase: str) -> Entry | None:
        """The thing that a phrase names, with or without its article."""
        entry = self.phrases.get(bare_key(phrase))
        return entry if entry and entry.sort == "thing" else None
