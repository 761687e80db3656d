"""A small library of plain shapes in place of the real drawings."""

import pytest
from PIL import Image, ImageDraw

from dalle.training.sprites import SpriteLibrary, write_sprites
from dalle.training.vocabulary import read_kinds

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
    "earth": ((40, 100, 220), (5, 5, 95, 95)),
}


def drawn_shapes():
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
    write_sprites(folder, drawn_shapes())
    return SpriteLibrary(folder)
