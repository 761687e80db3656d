"""Pictures that are interrogated: words of the model's own world, and a prompt to start from."""

import io

import numpy as np
import pytest
from PIL import Image

import dalle
from dalle.errors import DalleError
from dalle.generation.pipeline import Pipeline
from dalle.models.cells.things import BLANK, SIZES, ThingTable


@pytest.fixture(scope="module")
def nano() -> Pipeline:
    return dalle.load("nano")


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("three bananas on a teal background", ("bananas", "on a teal background")),
        ("an owl in the snow, pixel art", ("an owl", "in the snow", "pixel art")),
    ],
)
def test_a_picture_of_ours_gives_its_prompt(nano, prompt, words):
    picture = nano.generate(prompt, seed=2, candidates=9).pictures[0]
    found = nano.interrogate(picture)
    assert all(word in found.prompt for word in words), found
    assert found.things
    assert found.things[0][1] > 0.9


def test_any_picture_gives_words_that_the_model_reads(nano):
    picture = nano.generate("a piano on a yellow background", seed=2, candidates=9).pictures[0]
    file = Image.open(io.BytesIO(picture.as_png())).convert("RGB")  # without its recipe
    found = nano.interrogate(file)
    assert "on a yellow background" in found.prompt
    assert nano.hearing.hear(found.prompt).unheard == ()


def test_another_model_says_so(pipeline):
    with pytest.raises(DalleError, match="has no table of the things"):
        pipeline.interrogate(Image.new("RGB", (64, 64)))


def test_a_table_finds_what_it_holds_anywhere_and_survives_its_file(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    codes = {
        size: np.arange(1, 1 + 2 * size**2, dtype=np.int16).reshape(2, -1) % 49 + 1
        for size in SIZES
    }
    ThingTable(np.array([7, 9], np.int16), codes, 4).write(tmp_path)
    table = ThingTable.read(tmp_path)
    cells = np.full((8, 8), BLANK)
    cells[2:6, 3:7] = codes[4][1].reshape(4, 4)
    [(kind, likeness)] = table.find(cells, vectors)
    assert (kind, round(likeness, 3)) == (9, 1.0)
    assert table.find(np.full((8, 8), BLANK), vectors) == []
    assert ThingTable.read(tmp_path / "nowhere") is None
