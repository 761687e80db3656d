"""How much of what a prompt names stands in a picture, by the codes of the model's own drawings.

A small CLIP is a poor judge of whether both of two things are there. The codes of every drawing
ship with the model, and to look for the few that a prompt names takes a millisecond.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dalle.models.cells.things import ThingTable, unit_vectors
from dalle.text.heard import Heard
from dalle.text.heard.numbers import MANY, NUMBERS
from dalle.text.heard.world import Entry, World

if TYPE_CHECKING:
    from dalle.generation.pipeline import Pipeline

SEVERAL = 2  # of a plural without a number, at least
LEAST_OF_MANY = 10  # of a kind that is asked for as many, at least
# Of a prompt: no picture shows more, and each place that is looked for takes milliseconds.
MOST_THINGS, MOST_PLACES = 6, 12
# Likeness of a place to a drawing: below the first nothing is there, from the second on it is.
ABSENT, PRESENT = 0.25, 0.6


@dataclass(frozen=True)
class Wanted:
    """A thing that a prompt names."""

    kind: int  # row of the world's things
    number: int
    exactly: bool  # whether more of them are wrong


def wanted_in(heard: Heard, world: World) -> list[Wanted]:
    """The first things of a prompt as it was heard, each once."""
    found, places = {}, MOST_PLACES
    for phrase in (part for told in heard.heard for part in world.parts(told)):
        entry = world.thing(phrase)
        kind = None if entry is None else world.kinds[entry]
        if kind is None or kind in found:
            continue
        number, exactly = number_of(phrase, entry, heard.text)
        places -= number + exactly
        if places < 0 or len(found) == MOST_THINGS:
            break
        found[kind] = Wanted(kind, number, exactly)
    return list(found.values())


def number_of(phrase: str, entry: Entry, text: str) -> tuple[int, bool]:
    """How many a text asks for by a thing's phrase, and whether no more than those."""
    last = phrase.split()[-1]
    if not entry.plural or last != entry.plural.split()[-1] or last == entry.phrase.split()[-1]:
        return 1, False
    told = re.search(rf"\b({'|'.join((*NUMBERS, MANY))}) (?:\w+ )?{re.escape(phrase)}\b", text)
    if not told:
        return SEVERAL, False
    return (LEAST_OF_MANY, False) if told[1] == MANY else (NUMBERS[told[1]], True)


def presence(pipeline: "Pipeline", codes: np.ndarray, heard: Heard | None) -> np.ndarray:
    """The share of the wanted things that is there, 0..1, for codes [N, T] -> [N].

    0 for all where nothing can be told: for models without a table, and prompts without a thing.
    """
    table, hearing = pipeline.thing_codes, pipeline.hearing
    wanted = wanted_in(heard, hearing.world) if table and hearing and heard else []
    if not wanted:
        return np.zeros(len(codes))
    vectors = pipeline.image_tokenizer.params["codes"]["embedding"]["embedding"]
    unit = unit_vectors(np.asarray(vectors, np.float32))
    cells = codes[:, pipeline.layout.overview :]
    side = int(cells.shape[1] ** 0.5)
    return np.array([share_of(wanted, table, row.reshape(side, side), unit) for row in cells])


def share_of(
    wanted: Sequence[Wanted], table: ThingTable, cells: np.ndarray, unit: np.ndarray
) -> float:
    """The share of the wanted things in cells [g, g], 0..1."""
    shares = []
    for thing in wanted:
        likenesses = np.array(table.seek(cells, unit, thing.kind, thing.number + thing.exactly))
        there = np.clip((likenesses - ABSENT) / (PRESENT - ABSENT), 0, 1)
        share = there[: thing.number].mean() - there[thing.number :].sum() / thing.number
        shares.append(max(0.0, float(share)))
    return float(np.mean(shares))
