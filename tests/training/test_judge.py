"""The judge names composed scenes, so that what it says of drawn ones means something."""

import numpy as np
import pytest

from dalle.training.judge import Judge
from dalle.training.scenes import SceneComposer


@pytest.fixture(scope="module")
def judge(library):
    return Judge(library, ("3d", "noto"))


def test_composed_things_are_named(judge, library):
    composer = SceneComposer(library, "things", seed=5)
    for index in range(30):
        scene = composer.compose(index)
        seen = judge.look(scene.image)
        assert seen.colour == scene.background
        assert seen.kind == scene.things[0].kind


def test_another_thing_is_not_named(judge, library):
    composer = SceneComposer(library, "things", seed=6)
    for index in range(30):
        scene = composer.compose(index)
        if scene.things[0].kind == "car":
            assert judge.look(scene.image).kind != "cat"
            break
    noise = np.random.default_rng(0).integers(0, 255, (192, 192, 3), dtype=np.uint8)
    assert judge.look(noise).colour == "grey"
