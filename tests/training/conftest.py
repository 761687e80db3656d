"""Plain shapes in place of the real drawings, and a small image tokenizer that learns them."""

import dataclasses
import itertools
import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from dalle.training import nano
from dalle.training.data import Lesson, SceneExamples
from dalle.training.scenes.headers import GROUND_CODES
from dalle.training.scenes.places import render_ground
from dalle.training.scenes.sprites import SpriteLibrary, write_sprites
from dalle.training.scenes.vocabulary import read_kinds
from dalle.training.tokenizer import decoder as things
from dalle.training.tokenizer import filters, finisher, parts
from dalle.training.tokenizer import reader as vqgan
from dalle.training.tokenizer.codes import find_codes, find_finished_grounds

CELLS = dataclasses.replace(
    nano.TOKENISER,
    n_embed=128,
    embed_dim=16,
    decoder_width=32,
    decoder_hidden=32,
    decoder_blocks=1,
    filter_width=8,
    reader_width=32,
    finisher_width=16,
    finisher_blocks=1,
    ground_tiles=2048,
)

# kind: (colour, box of an ellipse in a 100 x 100 drawing)
SHAPES = {
    "apple": ((220, 30, 35), (10, 10, 90, 90)),
    "green-apple": ((40, 170, 60), (10, 10, 90, 90)),
    "cat": ((240, 160, 60), (5, 30, 95, 70)),
    "dog-face": ((200, 150, 110), (20, 5, 80, 95)),
    "robot": ((120, 150, 180), (10, 20, 90, 80)),
    "woman": ((250, 200, 60), (20, 5, 80, 95)),
    "crown": ((250, 200, 40), (5, 40, 95, 95)),
    "top-hat": ((30, 30, 30), (20, 10, 80, 95)),
    "skateboard": ((160, 60, 170), (5, 40, 95, 60)),
    "car": ((220, 40, 40), (5, 30, 95, 80)),
    "scissors": ((120, 130, 140), (30, 5, 70, 95)),
    "explosion": ((240, 120, 20), (5, 5, 95, 95)),
    "heart": ((230, 40, 60), (5, 10, 95, 90)),
    "speech-bubble": ((200, 215, 240), (5, 10, 95, 80)),
    "earth": ((40, 100, 220), (5, 5, 95, 95)),
}


def shape_sprites():
    for kind in read_kinds():
        if kind.id in SHAPES:
            for style in ("noto",) if kind.id == "robot" else ("3d", "noto"):
                colour, box = SHAPES[kind.id]
                picture = Image.new("RGBA", (100, 100))
                ImageDraw.Draw(picture).ellipse(box, fill=colour)
                yield kind, style, picture


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sprites") / "library"
    write_sprites(folder, shape_sprites())
    return SpriteLibrary(folder)


@pytest.fixture(scope="session")
def examples(library):
    return SceneExamples(library, "full")


@pytest.fixture(scope="session")
def codes(examples, tmp_path_factory):
    path = tmp_path_factory.mktemp("codes") / "codes.msgpack"
    grounds = np.stack([render_ground(ground) for ground in GROUND_CODES])
    shown = (examples.batch(n, 50).foregrounds for n in range(4))
    parts.write_codes(path, find_codes(shown, grounds, CELLS))
    return path


@pytest.fixture(scope="session")
def things_run(examples, codes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("things")
    things.train_things(
        folder,
        CELLS,
        parts.read_codes(codes, CELLS),
        lesson(examples, 4, steps=300, peak=3e-3),
    )
    return folder


@pytest.fixture(scope="session")
def codes_and_things(things_run, codes):
    return {
        "codes": parts.read_codes(codes, CELLS),
        "things": things.restore_things(things_run, CELLS),
    }


@pytest.fixture(scope="session")
def filter_runs(examples, codes_and_things, tmp_path_factory):
    folders = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filters, "PICTURES", 64)
        for course in filters.COURSES.values():
            folders[course] = tmp_path_factory.mktemp(course.codes)
            learned = lesson(examples, 8, steps=200, peak=2e-2)
            filters.train_filter(folders[course], CELLS, course, codes_and_things, learned)
    return folders


@pytest.fixture(scope="session")
def finisher_run(examples, codes_and_things, tmp_path_factory):
    folder = tmp_path_factory.mktemp("finisher")
    learned = lesson(examples, 4, steps=600, peak=4e-3)
    finisher.train_finisher(folder, CELLS, codes_and_things, learned)
    return folder


@pytest.fixture(scope="session")
def grounds():
    return find_finished_grounds(
        np.stack([render_ground(ground, CELLS.scale) for ground in GROUND_CODES]), CELLS
    )


@pytest.fixture(scope="session")
def known(codes_and_things, filter_runs, finisher_run, grounds):
    others = {"finisher": finisher.restore_finisher(finisher_run, CELLS), "grounds": grounds}
    return (
        codes_and_things
        | others
        | {
            course.part: filters.restore_filter(folder, CELLS, course)
            for course, folder in filter_runs.items()
        }
    )


@pytest.fixture(scope="session")
def tokenizer_run(examples, known, tmp_path_factory):
    folder = tmp_path_factory.mktemp("vqgan")
    state = train_cells(examples, known, folder, steps=60)
    return folder, state


def train_cells(examples, known, folder, steps):
    return vqgan.train_tokenizer(
        folder,
        CELLS,
        known,
        lesson(examples, 4, steps=steps, peak=3e-3),
    )


@pytest.fixture(scope="session")
def tokenizer(tokenizer_run, known):
    return vqgan.restore_tokenizer(tokenizer_run[0], known, CELLS)


def lesson(examples, size, steps, peak):
    """Batches of so many examples, and eight to judge by."""
    return Lesson(
        lambda start: (examples.batch(n, size) for n in itertools.count(start)),
        examples.batch(999, 8),
        steps,
        size,
        peak,
        cooldown=0.3,
    )


def losses(folder):
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if "loss" in row]
