"""The tables that were written by hand: stand-ins, and words without content."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dalle.errors import DalleError

STAND_INS = "stand-ins.tsv"
PLAIN_WORDS = "plain-words.tsv"
# A person is drawn as people, a thing or a place as no people; a mood counts where nothing else
# is heard; an act has a form of its own beside somebody.
SORTS = ("figure", "person", "creature", "thing", "place", "act", "mood", "colour", "size", "look")
STAND_IN_COLUMNS = ("drawn", "sort", "beside")
SOMEBODY = "*"  # in a row for any person: "* with red hair"
PERSONS = (
    "man", "woman", "person", "guy", "lady", "girl", "boy", "gentleman", "dude", "human", "someone",
    "somebody", "kid", "male", "female", "teenager", "teen", "fellow", "bloke", "gal",
)  # fmt: skip


@dataclass(frozen=True)
class StandIn:
    """The phrase that is drawn for words without a drawing."""

    said: str
    phrase: str  # "a T-Rex"
    sort: str
    beside: str  # of an act beside somebody, of a place after "in": "on a surfboard"


def read_stand_ins(folder: Path) -> dict[str, StandIn]:
    """Stand-ins by the key of the said words, as the table writes them.

    A row with SOMEBODY holds for each of PERSONS, unless one of them has a row of its own.
    """
    rows = [StandIn(*row) for row in read_rows(folder / STAND_INS, ("said", *STAND_IN_COLUMNS))]
    anybody = (
        replace(row, said=row.said.replace(SOMEBODY, person))
        for row in rows if SOMEBODY in row.said for person in PERSONS
    )  # fmt: skip
    own = (row for row in rows if SOMEBODY not in row.said)
    return {row.said: row for row in (*anybody, *own)}


def read_plain_words(folder: Path) -> dict[str, str]:
    """Words by their plain English: another word, or nothing for words that draw nothing."""
    return dict(read_rows(folder / PLAIN_WORDS, ("said", "plain")))


def read_rows(path: Path, columns: tuple[str, ...]) -> Iterator[list[str]]:
    """The rows of a table under its heading; DalleError for another heading or a short row."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        if tuple(next(rows, ())) != columns:
            raise DalleError(f"{path} must begin with the columns {', '.join(columns)}.")
        for number, row in enumerate(rows, 2):
            if len(row) != len(columns):
                raise DalleError(
                    f"line {number} of {path} has {len(row)} columns; it must have {len(columns)}."
                )
            yield row
