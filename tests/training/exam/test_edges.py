"""Figures of seams and edges, of pictures whose seams and edges are known."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from dalle.training.exam.edges import seams, sharpness, true_scenes
from dalle.training.scenes.sharp import SharpSprites, write_sharp_sprites
from tests.training.conftest import shape_sprites


@pytest.fixture(scope="module")
def scenes(library, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sharp") / "sprites"
    write_sharp_sprites(folder, shape_sprites())
    return list(true_scenes(library, SharpSprites(folder), 12))


def test_cells_of_different_brightness_are_seams(scenes):
    rng = np.random.default_rng(0)
    tiles = rng.integers(-12, 12, (8, 8, 1)).repeat(48, 0).repeat(48, 1)
    tiled = [(scene.astype(int) + tiles).clip(0, 255).astype(np.uint8) for scene in scenes]
    assert seams(scenes) < 1.1
    assert seams(tiled) > 3 * seams(scenes)
    moved = [np.roll(picture, 20, (0, 1)) for picture in tiled]
    assert seams(moved) < seams(tiled) / 2


def test_a_blurred_picture_is_less_sharp(scenes):
    blurred = [
        np.asarray(Image.fromarray(scene).filter(ImageFilter.GaussianBlur(3))) for scene in scenes
    ]
    assert sharpness(blurred) < 0.5 * sharpness(scenes)


def test_a_scene_at_twice_the_size_shows_the_same(scenes, library):
    small = list(true_scenes(library, _AsSmall(library), 12))
    for large, scene in zip(scenes, small, strict=True):
        reduced = large.reshape(192, 2, 192, 2, 3).mean((1, 3))
        doubled = scene.reshape(192, 2, 192, 2, 3).mean((1, 3))
        assert np.abs(reduced - doubled).mean() < 2


class _AsSmall:
    """The sprites of scenes, each pixel four times."""

    def __init__(self, library):
        self.library = library

    def lay(self, scene):
        return scene.foreground.repeat(2, 0).repeat(2, 1)
