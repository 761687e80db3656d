"""The judge names composed scenes, so that what it says of drawn ones means something."""

import numpy as np
import pytest

from dalle.training.exam.judge import Judge
from dalle.training.scenes.composer import SceneComposer
from dalle.training.scenes.looks import LOOKS


@pytest.fixture(scope="module")
def judge(library):
    return Judge(library, ("3d", "noto"))


def test_composed_things_are_named(judge, library):
    composer = SceneComposer(library, "things", seed=5)
    right = []
    for index in range(20):
        scene = composer.compose(index)
        seen = judge.look(scene.image)
        assert seen.ground == scene.background
        boxes = [(thing.kind, thing.box) for thing in seen.things]
        told = boxes[:1] == [(scene.things[0].kind, scene.things[0].box)]
        right.append(told and seen.look is None)
    # A purple skateboard on purple is not to be seen.
    assert np.mean(right) >= 0.9


def test_several_things_places_and_looks_are_told(judge, library):
    composer = SceneComposer(library, "full", seed=5)
    scenes = [s for index in range(60) if (s := composer.compose(index)).tint is None]
    seen = [judge.look(scene.image) for scene in scenes]
    assert np.mean([a.ground == b.background for a, b in zip(seen, scenes, strict=True)]) > 0.9
    looked = [a.look == b.look for a, b in zip(seen, scenes, strict=True) if b.look]
    assert np.mean(looked) > 0.7
    several = [(a, b) for a, b in zip(seen, scenes, strict=True) if b.count > 1]
    kinds = [
        {thing.kind for thing in b.things} <= {thing.kind for thing in a.things} for a, b in several
    ]
    assert np.mean(kinds) > 0.6


def test_an_empty_ground_shows_nothing_and_noise_is_not_explained(judge):
    white = np.full((192, 192, 3), 255, np.uint8)
    assert judge.look(white).things == ()
    assert judge.look(white).unexplained == 0
    noise = np.random.default_rng(0).integers(0, 255, (192, 192, 3), dtype=np.uint8)
    noise = noise[::16, ::16].repeat(16, 0).repeat(16, 1)
    assert judge.look(noise).unexplained > 0.1


def test_soft_pixel_art_is_told_from_what_is_as_drawn(judge, library):
    composer = SceneComposer(library, "things", seed=6)
    dice = np.random.default_rng(0)
    for index in range(8):
        image = composer.compose(index).image
        noise = dice.integers(-4, 5, image.shape)
        for look, picture in ((None, image), ("pixel art", LOOKS["pixel art"][0](image))):
            soft = np.clip(picture + noise * (picture != picture[0, 0]), 0, 255).astype(np.uint8)
            assert judge.look(soft).look == look
