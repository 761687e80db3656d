"""Variations, edits, extensions and tiles, through a model of random weights."""

import dataclasses
import io
import json
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Picture, Result
from dalle.safety.pictures.checker import PictureChecker
from dalle.settings import SettingsError
from tests.generation.conftest import TINY_CELLS

SIDE, CELL = TINY_CELLS.resolution, TINY_CELLS.cell
HEADER = len(TINY_CELLS.header)


def everything(result: Result) -> list[Picture]:
    return sorted(result.pictures + result.rejected, key=lambda picture: picture.candidate)


def pixels(result: Result) -> np.ndarray:
    return np.stack([np.asarray(picture.image) for picture in everything(result)])


def codes(result: Result) -> np.ndarray:
    return np.array([picture.codes for picture in everything(result)])


def test_an_edit_changes_no_pixel_outside(
    pipeline: Pipeline, picture: Picture, corner: np.ndarray
) -> None:
    result = pipeline.edit(picture, corner, "a blue dog", seed=3, temperature=9)
    before, after = np.asarray(picture.image), pixels(result)
    assert (after[:, ~corner] == before[~corner]).all()
    assert (after[:, corner] != before[corner]).any(axis=(1, 2)).all()
    free = np.concatenate([np.zeros(HEADER, bool), corner[::CELL, ::CELL].ravel()])
    assert (codes(result)[:, ~free] == np.array(picture.codes)[~free]).all()
    assert len(np.unique(codes(result), axis=0)) > 3
    assert (len(result.pictures), len(result.rejected)) == (9, 7)


def test_the_same_edit_gives_the_same_pixels_and_compiles_nothing(
    pipeline: Pipeline, picture: Picture, corner: np.ndarray, count_compilations: Callable
) -> None:
    first = pipeline.edit(picture, corner, "a blue dog", seed=3)
    with count_compilations() as compiled:
        again = pipeline.edit(picture, corner, "a blue dog", seed=3)
        some = pipeline.edit(picture, corner, "a blue dog", seed=3, only=[11, 2])
    assert compiled == []
    assert (pixels(again) == pixels(first)).all()
    assert (pixels(some) == pixels(first)[[2, 11]]).all()
    assert [p.score for p in again.pictures] == [p.score for p in first.pictures]


def test_batch_mates_never_change_an_edit(
    pipeline: Pipeline, picture: Picture, corner: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = pipeline.edit(picture, corner, "a blue dog", seed=3, only=[0, 1])
    plain = pipeline.generate("two dogs", seed=7, only=[5])
    begun = []
    begin = Pipeline.begin
    monkeypatch.setattr(
        Pipeline, "begin", lambda *arguments: begun.append(begin(*arguments)) or begun[-1]
    )
    pipeline.edit(picture, corner, "a blue dog", seed=3, only=[0, 1])
    monkeypatch.undo()
    change = begun[0].change
    settings = pipeline.check("a blue dog", seed=3, only=[0, 1])
    edit = pipeline.begin("a blue dog", settings, change)
    mate = pipeline.begin("two dogs", pipeline.check("two dogs", seed=7, only=[5]))
    for _ in pipeline.generate_batch([*mate.pending, *edit.pending]):
        shown = pipeline.previews([mate, edit])
        assert [len(preview.pictures) for preview in shown] == [1, 2]
    assert (pixels(pipeline.finish(edit)) == pixels(alone)).all()
    assert (pixels(pipeline.finish(mate)) == pixels(plain)).all()


def test_the_recipe_says_where_it_comes_from(
    pipeline: Pipeline, picture: Picture, corner: np.ndarray
) -> None:
    recipe = pipeline.edit(picture, corner, "a blue dog", seed=3, only=[0]).recipe
    recipe = json.loads(json.dumps(recipe, allow_nan=False))
    assert recipe["edited_from"] == json.loads(json.dumps(picture.recipe))
    assert recipe["edit"]["kind"] == "edit"
    assert recipe["prompt"] == "a blue dog"


def test_a_stronger_variation_keeps_fewer_codes(pipeline: Pipeline, picture: Picture) -> None:
    own = np.array(picture.codes)
    shares, headers = [], []
    for strength in (0.1, 0.3, 0.6, 1.0):
        result = pipeline.vary(picture, strength, seed=5, temperature=9)
        same = codes(result) == own
        shares.append(same[:, HEADER:].mean())
        headers.append(same[:, :HEADER].mean())
        assert len(np.unique(codes(result), axis=0)) > 3
    assert shares == sorted(shares, reverse=True)
    assert headers == sorted(headers, reverse=True)
    assert headers[0] > 0.9 > headers[-1]
    assert shares[0] > 0.85
    assert shares[-1] < 0.7  # by chance: a random model repeats itself


def test_each_of_the_gentlest_variations_differs_from_the_picture(
    pipeline: Pipeline, picture: Picture
) -> None:
    overview, blank = pipeline.layout.overview, pipeline.layout.blank
    assert any(code != blank for code in picture.codes[overview:])
    result = pipeline.vary(picture, 0.01, seed=8)
    for each in result.pictures + result.rejected:
        assert sum(a != b for a, b in zip(each.codes, picture.codes, strict=True)) == 1


def test_a_picture_without_its_codes_is_generated_again(
    pipeline: Pipeline, picture: Picture
) -> None:
    bare = dataclasses.replace(picture, codes=())
    file = Image.open(io.BytesIO(picture.as_png(keep_prompt=True)))
    expected = pixels(pipeline.vary(picture, 0.3, seed=5, only=[0]))
    for same in (bare, file):
        result = pipeline.vary(same, 0.3, seed=5, only=[0])
        source = result.recipe["edited_from"]
        assert (source["seed"], source["candidate"]) == (picture.seed, picture.candidate)
        assert (pixels(result) == expected).all()


def test_a_file_with_a_recipe_of_another_picture_is_foreign(
    pipeline: Pipeline, picture: Picture, photo: Image.Image
) -> None:
    forged = Image.open(io.BytesIO(picture.as_png(keep_prompt=True)))
    notes, forged = forged.info, photo.resize(forged.size)
    forged.info = notes
    result = pipeline.vary(forged, 0.3, seed=5, only=[0])
    assert result.recipe["edited_from"] == "a foreign picture"


def test_a_foreign_picture_is_edited(
    pipeline: Pipeline, photo: Image.Image, corner: np.ndarray
) -> None:
    photo.info["comment"] = "at home"
    result = pipeline.edit(photo, Image.fromarray(corner), "a blue dog", seed=3)
    small = np.asarray(photo.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    assert (pixels(result)[:, ~corner] == small[~corner]).all()
    assert (pixels(result)[:, corner] != small[corner]).any()
    assert result.recipe["edited_from"] == "a foreign picture"
    assert "at home" not in json.dumps(result.recipe)
    assert any("reads the picture roughly" in note for note in result.notes)


def test_variations_of_a_foreign_picture_need_no_prompt(
    pipeline: Pipeline, photo: Image.Image
) -> None:
    result = pipeline.vary(photo, seed=3)
    assert result.prompt == ""
    assert len(result.pictures) == 9


@pytest.mark.parametrize("side", ["left", "right", "up", "down"])
def test_a_picture_grows(pipeline: Pipeline, picture: Picture, side: str) -> None:
    result = pipeline.extend(picture, side, "a tree", seed=3)
    half = SIDE // 2
    upright = side in ("up", "down")
    size = (SIDE, SIDE + half) if upright else (SIDE + half, SIDE)
    assert all(each.image.size == size for each in everything(result))
    turned = {"right": 0, "down": 1, "left": 2, "up": 3}[side]  # quarter turns
    before, after = (
        np.rot90(x, turned, (-3, -2)) for x in (np.asarray(picture.image), pixels(result))
    )
    # A soft border lies in the old part.
    soft = CELL
    assert (after[:, :, : SIDE - soft] == before[:, : SIDE - soft]).all()
    assert len(np.unique(after[:, :, SIDE:], axis=0)) > 3
    longer = pipeline.extend(result.pictures[0], side, seed=4, only=[0])
    assert max(longer.pictures[0].image.size) == 2 * SIDE
    assert longer.notes == []  # the codes were known
    assert longer.prompt == "a tree"


def test_a_panorama_is_edited_and_does_not_grow_to_the_other_side(
    pipeline: Pipeline, picture: Picture
) -> None:
    wide = pipeline.extend(picture, "right", seed=3, only=[0]).pictures[0]
    mask = np.zeros((SIDE, wide.image.width), bool)
    mask[:CELL, :CELL] = True  # outside of the square whose codes are known
    result = pipeline.edit(wide, mask, "a dog", seed=3, only=[0])
    before, after = np.asarray(wide.image), pixels(result)[0]
    assert (after[~mask] == before[~mask]).all()
    with pytest.raises(SettingsError, match="can grow only left or right"):
        pipeline.extend(wide, "up")
    mask[:] = True
    mask[0, 0] = False
    with pytest.raises(SettingsError, match=r"covers the whole picture"):
        pipeline.edit(wide, mask, "a dog")
    mask[:, CELL * 2 : CELL * 3] = False
    with pytest.raises(SettingsError, match="reaches over more of the picture"):
        pipeline.edit(wide, mask, "a dog")


def test_a_tile_repeats_without_a_border(pipeline: Pipeline) -> None:
    first = pipeline.generate("a red apple", seed=42).pictures[0]
    result = pipeline.tile("a red apple", seed=42)
    half = SIDE // 2
    # Its borders are no ground that could repeat downwards.
    assert any("repeats from left to right alone" in note for note in result.notes)
    rolled = np.roll(np.asarray(first.image), half, 1)
    sides = pixels(result)[:, :, [0, -1]]  # were neighbours inside of the picture
    assert (sides == rolled[:, [0, -1]]).all()


def test_a_tile_on_one_ground_repeats_in_both_directions(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dalle.generation.editing.tile.ALIKE", 256.0)
    first = pipeline.generate("a red apple", seed=42).pictures[0]
    result = pipeline.tile("a red apple", seed=42)
    half = SIDE // 2
    rolled = np.roll(np.asarray(first.image), (half, half), (0, 1))
    for axis in (1, 2):
        border = np.take(pixels(result), [0, -1], axis)
        kept = np.take(rolled, [0, -1], axis - 1)
        corner_cells = np.r_[0:CELL, SIDE - CELL : SIDE]
        assert (
            np.take(border, corner_cells, 3 - axis) == np.take(kept, corner_cells, 2 - axis)
        ).all()
    assert result.recipe["edit"] == {"kind": "tile"}
    assert result.recipe["edited_from"]["candidate"] == first.candidate


def test_candidates_are_ranked_by_how_likely_the_kept_codes_are(
    pipeline: Pipeline, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = np.zeros((SIDE, SIDE), bool)
    top[:CELL] = True
    monkeypatch.setattr("dalle.generation.finish.FIT", 1e6)  # more than any score of CLIP's
    result = pipeline.edit(picture, top, "a blue dog", seed=3)
    monkeypatch.setattr("dalle.generation.finish.FIT", 0.0)
    plain = pipeline.edit(picture, top, "a blue dog", seed=3)
    assert (pixels(result) == pixels(plain)).all()
    fits = [each.score / 1e6 for each in result.pictures + result.rejected]
    assert max(fits) < 0
    assert fits != [each.score for each in plain.pictures + plain.rejected]
    own = {each.candidate: each.log_likelihood for each in everything(result)}
    # What the kept ones add can't be more likely than certain.
    assert all(
        own[each.candidate] <= each.score / 1e6 + 1e-3 for each in result.pictures + result.rejected
    )


def test_a_mask_of_another_size_is_scaled(pipeline: Pipeline, picture: Picture) -> None:
    mask = np.zeros((100, 200), np.uint8)
    mask[10, 20] = 255  # one pixel of it asks for a whole cell
    result = pipeline.edit(picture, mask, "a dog", seed=3, only=[0])
    assert result.recipe["edit"]["cells"] == [0]


def test_the_reader_is_loaded_once_and_only_when_it_is_needed(
    pipeline: Pipeline, picture: Picture, photo: Image.Image
) -> None:
    loads = []

    def load() -> object:
        loads.append(1)
        return pipeline.image_tokenizer

    lazy = dataclasses.replace(
        pipeline, load_reader=load, checker=PictureChecker(load=lambda: lambda pixels: 0.0)
    )
    lazy.vary(picture, 0.3, seed=1, only=[0])
    assert loads == []
    for _ in range(2):
        lazy.vary(photo, 0.3, seed=1, only=[0])
    assert loads == [1]
