"""Whether the things of a prompt stand in a picture, by codes."""

import numpy as np
import pytest

from dalle.generation.ranking.rank import PRESENT, add_presence
from dalle.generation.ranking.wanted import Wanted, share_of, wanted_in
from dalle.models.cells.things import BLANK, SIZES, ThingTable, unit_vectors
from dalle.models.hub.registry import NANO
from dalle.text.heard import Hearing

GRID = 8
CAT, DOG = 0, 1


@pytest.fixture(scope="module")
def unit() -> np.ndarray:
    return unit_vectors(np.random.default_rng(0).normal(size=(60, 16)).astype(np.float32))


@pytest.fixture(scope="module")
def table() -> ThingTable:
    """A cat of codes from 1 on and a dog of others, in all sizes."""
    codes = {
        size: np.stack([np.arange(1, 1 + size**2), np.arange(21, 21 + size**2)]).astype(np.int16)
        for size in SIZES
    }
    return ThingTable(np.array([CAT, DOG], np.int16), codes, variants=1)


def lay(table: ThingTable, *things: tuple[int, int, int]) -> np.ndarray:
    """Cells with small things on them: (kind, row, column)."""
    cells = np.full((GRID, GRID), BLANK)
    for kind, row, column in things:
        cells[row : row + 3, column : column + 3] = table.codes[3][kind].reshape(3, 3)
    return cells


CASES = [
    ([Wanted(CAT, 1, False)], [(CAT, 2, 3)], 1.0),
    ([Wanted(CAT, 1, False)], [], 0.0),
    ([Wanted(CAT, 1, False)], [(CAT, 0, 0), (CAT, 5, 5)], 1.0),  # another one is no fault
    ([Wanted(CAT, 1, False), Wanted(DOG, 1, False)], [(CAT, 0, 0), (DOG, 4, 4)], 1.0),
    ([Wanted(CAT, 1, False), Wanted(DOG, 1, False)], [(CAT, 0, 0)], 0.5),
    ([Wanted(CAT, 2, True)], [(CAT, 0, 0), (CAT, 5, 5)], 1.0),
    ([Wanted(CAT, 2, True)], [(CAT, 0, 0)], 0.5),
    ([Wanted(CAT, 2, True)], [(CAT, 0, 0), (CAT, 5, 5), (CAT, 0, 5)], 0.5),
]


@pytest.mark.parametrize(("wanted", "things", "share"), CASES)
def test_the_share_of_what_is_there(table, unit, wanted, things, share):
    assert share_of(wanted, table, lay(table, *things), unit) == pytest.approx(share, abs=0.05)


def test_a_thing_that_has_no_drawing_is_never_there(table, unit):
    cells = lay(table, (CAT, 0, 0))
    assert table.seek(cells, unit, kind=7, number=2) == [0.0, 0.0]


PROMPTS = [
    ("a cat and a dog", [("a cat", 1, False), ("a dog", 1, False)]),
    ("three bananas on a teal background", [("a banana", 3, True)]),
    ("cats", [("a cat", 2, False)]),
    ("seven cats", [("a cat", 7, True)]),
    ("a crowd of cats", [("a cat", 10, False)]),
    ("a man surrounded by cats", [("a man", 1, False), ("a cat", 10, False)]),
    ("two owls and a fox in the forest, watercolour", [("an owl", 2, True), ("a fox", 1, False)]),
    ("a cat and another cat", [("a cat", 1, False)]),
    ("in the forest", []),
]


def test_a_long_list_of_things_is_work_with_an_end():
    hearing = Hearing.beside(NANO)
    things = [entry for entry in hearing.world.entries if entry.sort == "thing" and entry.plural]
    prompt = ", ".join(f"five {entry.plural}" for entry in things[:100])
    wanted = wanted_in(hearing.hear(prompt), hearing.world)
    assert 0 < sum(one.number + one.exactly for one in wanted) <= 12
    singles = wanted_in(
        hearing.hear("a cat a dog an owl a fox a pizza a crown a robot"), hearing.world
    )
    assert len(singles) <= 6


@pytest.mark.parametrize(("prompt", "expected"), PROMPTS)
def test_the_things_of_a_prompt_and_their_number(prompt, expected):
    hearing = Hearing.beside(NANO)
    things = [entry.phrase for entry in hearing.world.entries if entry.sort == "thing"]
    found = wanted_in(hearing.hear(prompt), hearing.world)
    assert [(things[one.kind], one.number, one.exactly) for one in found] == expected


def test_a_picture_with_all_things_gains_the_most():
    scores = add_presence([1.0, 1.0, 1.0], np.array([0.0, 0.5, 1.0]))
    assert scores == [1.0, 1.0 + PRESENT / 2, 1.0 + PRESENT]
