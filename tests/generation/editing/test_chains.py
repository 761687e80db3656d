"""Larger pictures, what the model reads in a picture, and chains of recipes drawn again."""

import io

import numpy as np
import pytest
from PIL import Image

from dalle.errors import DalleError
from dalle.generation.editing.alteration import Read, alteration_of
from dalle.generation.editing.chain import MOST_STEPS, unroll
from dalle.generation.editing.original import open_original
from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Picture, Preview, Result
from dalle.safety.provenance.watermark import PUBLIC_KEY, detect
from dalle.settings import SettingsError
from tests.audits.ellipses import make_picture
from tests.generation.conftest import TINY_CELLS, make_pipeline

SIDE = TINY_CELLS.resolution


@pytest.fixture(scope="module")
def corner() -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[SIDE // 2 :, SIDE // 2 :] = True
    return mask


def test_a_larger_picture_has_the_same_look(pipeline: Pipeline, picture: Picture) -> None:
    result = pipeline.enlarge(picture, 4)
    (larger,) = result.pictures
    assert larger.image.size == (4 * SIDE, 4 * SIDE)
    # The pictures of random weights are noise, of which a filter leaves as much.
    again = np.asarray(larger.image.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)
    assert np.corrcoef(again.ravel(), np.asarray(picture.image).ravel())[0, 1] > 0.95
    assert larger.recipe["edited_from"] == picture.recipe
    assert larger.recipe["edit"] == {"kind": "enlarge", "times": 4}
    assert (larger.seed, larger.candidate) == (picture.seed, picture.candidate)


def test_an_enlarged_picture_goes_on_at_the_models_size(
    pipeline: Pipeline, picture: Picture
) -> None:
    larger = pipeline.enlarge(picture, 2).pictures[0]
    original = open_original(pipeline, larger)
    assert original.pixels.shape == (SIDE, SIDE, 3)
    assert original.recipe["edit"] == {"kind": "enlarge", "times": 2}  # so that a link can tell it
    grown = pipeline.extend(larger, "right", candidates=9, seed=1).pictures[0]
    assert grown.image.size == (SIDE + SIDE // 2, SIDE)
    # The whole picture, not a square out of its middle.
    again = np.asarray(larger.image.resize((SIDE, SIDE), Image.Resampling.LANCZOS), np.float32)
    assert np.corrcoef(original.pixels.ravel(), again.ravel())[0, 1] > 0.99


def test_a_file_of_ours_is_enlarged_without_its_old_mark(
    pipeline: Pipeline, picture: Picture
) -> None:
    file = Image.open(io.BytesIO(picture.as_png(keep_prompt=True)))
    expected = pipeline.enlarge(picture, 2).pictures[0]
    assert pipeline.enlarge(file, 2).pictures[0].image.tobytes() == expected.image.tobytes()


def test_a_foreign_picture_keeps_its_own_size_and_is_marked(pipeline: Pipeline) -> None:
    result = pipeline.enlarge(make_picture(0, 192), 2)
    (larger,) = result.pictures
    assert larger.image.size == (384, 384)
    assert not detect(larger.image, PUBLIC_KEY).found
    assert detect(Image.open(io.BytesIO(larger.as_png())), PUBLIC_KEY).found
    assert result.recipe["edited_from"] == "a foreign picture"


@pytest.mark.parametrize("times", [3, 0, "2", True, 2.5])
def test_another_factor_is_a_sentence(pipeline: Pipeline, picture: Picture, times: object) -> None:
    with pytest.raises(SettingsError, match=r"times is .*; it must be 2 or 4"):
        pipeline.enlarge(picture, times)


def test_what_would_be_huge_or_is_hidden_is_not_enlarged(pipeline: Pipeline) -> None:
    with pytest.raises(SettingsError, match="1000 x 700 pixels, so 4 times as large it would"):
        pipeline.enlarge(Image.new("RGB", (1000, 700)), 4)
    with pytest.raises(SettingsError, match="has 1 x 1 pixels; give one of at least 16"):
        pipeline.enlarge(Image.new("RGB", (1, 1)))
    strict = make_pipeline("float32", score=0.9)
    with pytest.raises(DalleError, match="can't be used"):
        strict.enlarge(Image.new("RGB", (50, 40)))


def test_what_the_model_reads_is_shown_before_anything_is_generated(pipeline: Pipeline) -> None:
    photo = Image.effect_noise((90, 60), 80).convert("RGB")
    result = Read(photo).answer(pipeline)
    assert result.pictures[0].image.size == (SIDE, SIDE)
    assert "own version differs by" in result.notes[0]
    assert result.recipe["edited_from"] == "a foreign picture"


def test_a_chain_of_changes_is_generated_again_from_its_last_recipe(
    pipeline: Pipeline, picture: Picture, corner: np.ndarray
) -> None:
    edited = pipeline.edit(picture, corner, "a blue dog", seed=3).pictures[0]
    wide = pipeline.extend(edited, "left", "a tree", seed=4).pictures[2]
    varied = pipeline.vary(wide, 0.4, seed=5).pictures[0]
    for each in (edited, wide, varied):
        again = pipeline.regenerate(each.recipe)
        assert again.image.tobytes() == each.image.tobytes()
        assert again.recipe["edit"] == each.recipe["edit"]
    file = Image.open(io.BytesIO(edited.as_png(keep_prompt=True)))
    mask = ~corner
    same = pipeline.edit(file, mask, "a cat", seed=6, only=[0])
    assert same.recipe["edited_from"]["edit"]["kind"] == "edit"
    assert (np.asarray(same.pictures[0].image) == np.asarray(edited.image))[~mask].all()


def test_a_chain_that_is_too_long_or_begins_with_a_photo_is_not(
    pipeline: Pipeline, picture: Picture
) -> None:
    varied = pipeline.vary(picture, 0.4, seed=5, only=[1]).pictures[0]
    long = varied.recipe
    for _ in range(MOST_STEPS):
        long = long | {"edited_from": long}
    assert unroll(long) == []
    assert pipeline.regenerate(long) is None
    assert pipeline.regenerate(varied.recipe | {"edited_from": "a foreign picture"}) is None
    assert pipeline.regenerate(varied.recipe | {"edit": {"kind": "paint"}}) is None


@pytest.mark.parametrize(
    "edit",
    [
        None,
        {},
        {"kind": "vary"},
        {"kind": "vary", "strength": 2},
        {"kind": "edit"},
        {"kind": "edit", "grid": [4, 4], "cells": [99]},
        {"kind": "edit", "grid": [10**9, 10**9], "cells": [0]},
        {"kind": "edit", "grid": [4], "cells": [0]},
        {"kind": "edit", "grid": [4, 4], "cells": "all"},
        {"kind": "enlarge", "times": 5},
        {"kind": ["vary"]},
    ],
)
def test_a_recipe_of_an_unknown_change_is_a_sentence(picture: Picture, edit: object) -> None:
    with pytest.raises(SettingsError):
        alteration_of(edit, picture)


def test_an_alteration_streams_previews(pipeline: Pipeline, picture: Picture) -> None:
    vary = alteration_of({"kind": "vary", "strength": 0.5}, picture)
    *previews, result = pipeline.stream_altered(vary, seed=5, only=[0, 1])
    assert {type(each) for each in previews} == {Preview}
    assert isinstance(result, Result)
    wide = alteration_of({"kind": "extend", "side": "right"}, picture)
    frames = list(pipeline.stream_altered(wide, seed=5))
    assert {frame.pictures[0].size for frame in frames[:-1]} == {(SIDE * 3 // 2, SIDE)}
    assert vary.key == alteration_of({"kind": "vary", "strength": 0.5}, picture).key
