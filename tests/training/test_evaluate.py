"""`python -m dalle evaluate` counts what a judge sees, and nothing else."""

import json

import numpy as np
import pytest
from PIL import Image

from dalle.__main__ import main
from dalle.generation.result import Picture, Result
from dalle.training.exam.questions import questions
from dalle.training.scenes.colours import COLOURS
from dalle.training.scenes.grid import CELL, lay, over
from dalle.training.scenes.sharp import SharpSprites, write_sharp_sprites
from tests.training.conftest import shape_sprites

SHARE = 0.05


class Composer:
    """Draws the first candidate of a plain question right, everything else as a white picture."""

    name, revision, precision = "composer", "0", "float32"

    def __init__(self, library):
        self.library = library
        self.asked = {question.prompt: question for question in questions(library.kinds, 0, SHARE)}

    def generate(self, prompt, seed, **knobs):
        question = self.asked[prompt]
        images = [Image.new("RGB", (192, 192), "white")] * 2
        if question.part == "plain":
            (kind,) = question.kinds
            layer = np.zeros((192, 192, 4), np.uint8)
            style = "3d" if self.library.has(kind, "3d") else "noto"
            lay(layer, self.library.pixels(kind, style, 6), 1, 1)
            ground = np.full((8 * CELL, 8 * CELL, 3), COLOURS[question.ground], np.uint8)
            images[0] = Image.fromarray(over(layer, ground))
        recipe = {"seed": seed, "prompt": prompt}
        pictures = [Picture(image, 0.0, n, recipe) for n, image in enumerate(images)]
        return Result(pictures, [], recipe, {}, [])


@pytest.fixture
def report(library, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("dalle.training.scenes.sprites.open_sprites", lambda folder: library)
    write_sharp_sprites(tmp_path / "sharp", shape_sprites())
    sharp = SharpSprites(tmp_path / "sharp")
    monkeypatch.setattr("dalle.training.scenes.sharp.open_sharp_sprites", lambda folder: sharp)
    monkeypatch.setattr("dalle.generation.loading.load", lambda name: Composer(library))
    assert main(["evaluate", "nano", "--share", str(SHARE), "--out", str(tmp_path)]) == 0
    table = (tmp_path / "evaluation.md").read_text()
    assert table in capsys.readouterr().out
    assert (tmp_path / "plain-1.png").is_file()
    return json.loads((tmp_path / "evaluation.json").read_text()), table


def test_right_things_are_counted(report):
    told, table = report
    figures = {row["name"]: row["value"] for row in told["figures"]}
    right = [
        seen["kinds"][:1] == answer["kinds"]
        for answer in told["answers"]
        if answer["part"] == "plain"
        for seen in answer["kept"]
    ]
    assert figures["one thing, one background: thing"] == pytest.approx(np.mean(right))
    # One of the two pictures, but for things that can't be seen on their background.
    assert 0.3 < np.mean(right) <= 0.5
    assert figures["two things and a relation: both"] == 0
    assert f"| one thing, one background: thing | {np.mean(right):.1%} | >= 75% |" in table


def test_the_finish_is_told_beside_that_of_true_scenes(report):
    figures = {row["name"]: row["value"] for row in report[0]["figures"]}
    # Half of the pictures are true scenes, though of other drawings; the others are white.
    assert 0.2 < figures["sharpness of edges, of that of true scenes"] < 0.95
    (steps,) = [value for name, value in figures.items() if name.startswith("steps of brightness")]
    assert 0 < steps < 1.5
    assert figures["one thing in neon or pencil sketch: thing"] < 0.5


def test_the_judge_is_examined_first(report):
    told, table = report
    assert told["judge"]["single things, of all kinds"] > 0.8
    assert "the judge itself" in table
