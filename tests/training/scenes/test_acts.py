"""What one thing does to another is told by where they stand, in whole cells."""

from collections import Counter

import numpy as np
import pytest

from dalle.training.exam.acts import ARRANGED, is_arranged
from dalle.training.exam.judge import Found, Seen
from dalle.training.scenes.captions import CROWD_WORDS, NUMBERS, Captioner, Subject
from dalle.training.scenes.casting import LAYOUTS
from dalle.training.scenes.dice import Dice
from dalle.training.scenes.grid import CELL, CELLS, COVERING, SIDE, lay
from dalle.training.scenes.layouts import ROWS, Space
from dalle.training.scenes.vocabulary import read_kinds

KINDS = {kind.id: kind for kind in read_kinds()}
BOXES = [(0.1, 0.1, 0.9, 0.95), (0.1, 0.3, 0.9, 0.95), (0.2, 0.2, 0.8, 0.95)]
ACTS = [name for name, layout in LAYOUTS.items() if layout.relation in ARRANGED]


def arrange(name: str, seed: int):
    return LAYOUTS[name].arrange(Space(BOXES, size=6, count=2), Dice(seed, 1))


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("seed", range(4))
def test_a_scene_is_arranged_as_the_exam_asks(name, seed):
    layout = LAYOUTS[name]
    signs = {"fighting": "explosion", "in love with": "heart", "talking to": "speech-bubble"}
    kinds = ("cat", "dog", signs.get(layout.relation))
    things = tuple(
        Found(kinds[spot.thing], "3d", (spot.column, spot.row, spot.cells))
        for spot in arrange(name, seed)
    )
    seen = Seen(things, "white", None, 0.0)
    assert is_arranged(layout.relation, ("cat", "dog"), seen)
    assert not is_arranged(layout.relation, ("cat", "owl"), seen)
    apart = (Found("cat", "3d", (0, 2, 4)), Found("dog", "3d", (4, 2, 4)))
    assert not is_arranged(layout.relation, ("cat", "dog"), Seen(apart, "white", None, 0.0))


@pytest.mark.parametrize("count", range(2, 11))
def test_up_to_ten_are_laid_out_without_touching(count):
    for size, *corners in ROWS[count]:
        cells = [
            (column + right, row + down)
            for column, row in corners
            for right in range(size)
            for down in range(size)
        ]
        assert len(corners) == count
        assert len(set(cells)) == len(cells)
        assert max(max(cell) for cell in cells) < CELLS


def test_more_than_ten_are_many():
    cat = KINDS["cat"]
    words = {Captioner(Dice(3, n), True).several(Subject(cat), 16) for n in range(60)}
    assert words == {f"{amount} cats" for amount in CROWD_WORDS}
    assert {number for number in range(2, 20) if number in NUMBERS} == set(range(2, 11))


def test_the_number_of_each_thing_is_told():
    captioner = Captioner(Dice(5, 0), True)
    told = captioner.related(
        "surrounded by", (Subject(KINDS["owl"]), Subject(KINDS["cat"], count=12))
    )
    assert told.startswith(("an owl", KINDS["owl"].names[0] if KINDS["owl"].names else "an owl"))
    assert any(told.endswith(f"{amount} cats") for amount in CROWD_WORDS)
    counts = Counter(spot.thing for spot in arrange("surround", 0))
    assert counts == {0: 1, 1: 12}


def test_a_whole_cell_is_one_things_or_the_others():
    layer = np.zeros((SIDE, SIDE, 4), np.uint8)
    lay(layer, np.full((2 * CELL, 2 * CELL, 4), (200, 0, 0, 255), np.uint8), 0, 0)
    sprite = np.zeros((2 * CELL, 2 * CELL, 4), np.uint8)
    covers = round(CELL * COVERING)
    sprite[:CELL, : covers + 1] = (0, 0, 200, 255)  # enough of the first cell
    sprite[:CELL, CELL : CELL + covers - 1] = (0, 0, 200, 255)  # too little of the second
    lay(layer, sprite, 0, 0, whole=True)
    np.testing.assert_array_equal(layer[:CELL, :CELL], sprite[:CELL, :CELL])
    assert (layer[:CELL, CELL : 2 * CELL] == (200, 0, 0, 255)).all()
