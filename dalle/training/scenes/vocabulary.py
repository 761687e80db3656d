"""The things a picture can show, and the words people use for them.

The table, things.csv, is edited by hand; its first labels came from emojibase-data (MIT,
https://github.com/milesj/emojibase). `names` are other phrases for the same thing, `weight` says
how often it is shown: 2 for the most usual things, 1 for other everyday things, 0.12 for rare ones.
`code` says which drawing: a Unicode code point sequence in the emoji packages, or a file (without
.svg) of Open Clip Art.
"""

import csv
import functools
import re
from dataclasses import dataclass
from pathlib import Path

from dalle.text.heard.tokens import takes_an

TABLE = Path(__file__).with_name("things.csv")


@dataclass(frozen=True)
class Kind:
    """One thing: how it is drawn, called, counted and weighted."""

    id: str
    code: str  # "1f408", or "animals/armadillo_01" in Open Clip Art
    phrase: str  # with its article, as in a caption: "an owl", "scissors", "the Earth"
    plural: str  # "owls"; empty where it cannot be counted
    group: str
    weight: float
    names: tuple[str, ...]  # more phrases, each with its article

    @property
    def label(self) -> str:
        return without_article(self.phrase)


def without_article(phrase: str) -> str:
    return re.sub(r"^(an?|the) ", "", phrase)


def with_article(words: str) -> str:
    """`words` (singular) after "a" or "an", by its first sound."""
    return f"{'an' if takes_an(words) else 'a'} {words}"


def with_adjective(adjective: str, phrase: str) -> str:
    """Puts an adjective in: "a purple cat", "the purple Earth", "half a purple kiwi"."""
    amount = re.match(r"(half|two|three|several) (.+)", phrase)
    if amount:
        return f"{amount[1]} {with_adjective(adjective, amount[2])}"
    bare = without_article(phrase)
    if phrase == bare:
        return f"{adjective} {bare}"
    if phrase.startswith("the "):
        return f"the {adjective} {bare}"
    return with_article(f"{adjective} {bare}")


@functools.cache
def read_kinds() -> tuple[Kind, ...]:
    """All rows of things.csv, in its order."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Kind(
                id=row["id"],
                code=row["code"],
                phrase=row["phrase"],
                plural=row["plural"],
                group=row["group"],
                weight=float(row["weight"]),
                names=tuple(name for name in row["names"].split("; ") if name),
            )
            for row in csv.DictReader(file)
        )
