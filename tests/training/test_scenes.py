"""Scenes repeat exactly, stay on the grid of cells, and say what they show."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dalle.errors import DalleError
from dalle.training.captions import names_colour
from dalle.training.colours import COLOURS, TINTS, dominant_colour, luminance, tint
from dalle.training.grid import CELL, CELLS, SIDE
from dalle.training.layouts import HATS, RIDERS, RIDES, WEARERS
from dalle.training.looks import LOOKS
from dalle.training.places import PLACES, VARIANTS, draw_place
from dalle.training.scenes import STAGES, SceneComposer, evaluation_prompts, lay
from dalle.training.sheet import save_sheet
from dalle.training.vocabulary import read_kinds, with_adjective, with_article, without_article


def compose(library, stage, count, seed=0):
    composer = SceneComposer(library, stage, seed)
    return [composer.compose(index) for index in range(count)]


@pytest.mark.parametrize("stage", STAGES)
def test_a_scene_repeats_and_another_seed_differs(library, stage):
    once, again, other = (compose(library, stage, 20, seed) for seed in (3, 3, 4))
    for first, second in zip(once, again, strict=True):
        np.testing.assert_array_equal(first.image, second.image)
        assert (first.caption, first.things) == (second.caption, second.things)
    assert [s.caption for s in once] != [s.caption for s in other]


@pytest.mark.parametrize("stage", STAGES)
def test_pictures_and_boxes_fit_the_grid(library, stage):
    for scene in compose(library, stage, 300):
        assert scene.image.shape == (SIDE, SIDE, 3)
        assert scene.image.dtype == np.uint8
        assert len(scene.things) == scene.count
        for thing in scene.things:
            column, row, size = thing.box
            assert 0 <= column <= CELLS - size
            assert 0 <= row <= CELLS - size


def test_a_thing_has_the_same_pixels_wherever_it_stands(library):
    sprite = library.pixels("cat", "3d", 4)
    pictures = [np.full((SIDE, SIDE, 3), 90, np.uint8) for _ in range(2)]
    lay(pictures[0], sprite, 0, 0)
    lay(pictures[1], sprite, 7, 5)
    moved = np.roll(pictures[0], (5 * CELL, 7 * CELL), axis=(0, 1))
    np.testing.assert_array_equal(pictures[1], moved)


def test_things_stage_is_one_thing_on_the_plain_colour_that_it_names(library):
    for scene in compose(library, "things", 100):
        assert scene.count == 1
        assert scene.look is None
        column, row, size = scene.things[0].box
        scene.image[row * CELL : (row + size) * CELL, column * CELL : (column + size) * CELL] = (
            COLOURS[scene.background]
        )
        assert (scene.image == COLOURS[scene.background]).all()


def test_simple_stage_keeps_its_shares(library):
    made = compose(library, "simple", 1500)
    share = {
        "single": np.mean([s.count == 1 for s in made]),
        "beside": np.mean([s.relation == "beside" for s in made]),
        "counted": np.mean([s.relation is None and s.count > 1 for s in made]),
        "placed": np.mean([s.background in PLACES for s in made]),
        "looked": np.mean([s.look is not None for s in made]),
    }
    expected = {"single": 0.88, "beside": 0.08, "counted": 0.04, "placed": 0.03, "looked": 0}
    assert share == pytest.approx(expected, abs=0.03)
    assert {s.count for s in made} == {1, 2, 3}


def test_full_stage_shows_everything(library):
    made = compose(library, "full", 1500)
    assert {s.look for s in made} == {None, *LOOKS}
    assert {s.background for s in made} == {*COLOURS, *PLACES}
    assert {s.relation for s in made} == {None, "beside", "above", "on", "riding", "wearing"}
    assert {s.count for s in made} == {1, 2, 3, 4, 5}


def test_a_recoloured_thing_is_asked_for_in_that_colour_and_can_be_seen(library):
    tinted = [s for s in compose(library, "simple", 800) if s.things[0].colour and s.count == 1]
    assert tinted
    for scene in tinted:
        assert names_colour(scene.caption) or "turquoise" in scene.caption
        assert scene.background != scene.things[0].colour


def test_people_and_coloured_labels_are_never_recoloured(library, monkeypatch):
    monkeypatch.setitem(STAGES, "tinted", replace(STAGES["things"], tinted=1, natural=1))
    for scene in compose(library, "tinted", 200):
        tinted = scene.things[0].colour is not None
        assert tinted == (scene.things[0].kind not in ("woman", "green-apple"))
        assert "green green" not in scene.caption


def test_a_look_without_colours_drops_the_colour_words(library, monkeypatch):
    stage = replace(STAGES["things"], looked=1, tinted=0.5, natural=0.5)
    monkeypatch.setitem(STAGES, "looked", stage)
    seen = 0
    for scene in compose(library, "looked", 400):
        if not LOOKS[scene.look][1] and scene.things[0].kind != "green-apple":
            words = scene.caption.lower().replace("black and white", "").replace("in the dark", "")
            assert not names_colour(words), scene.caption
            seen += 1
    assert seen > 100


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_treats_every_cell_by_itself(look):
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    change = LOOKS[look][0]
    before = change(picture.copy())
    assert before.shape == picture.shape
    assert before.dtype == np.uint8
    moved = np.roll(picture, (16, 32), axis=(0, 1))
    np.testing.assert_array_equal(change(moved), np.roll(before, (16, 32), axis=(0, 1)))
    picture[16:32, 32:48] = 255 - picture[16:32, 32:48]
    changed = (change(picture) != before).any(-1)
    changed[16:32, 32:48] = False
    assert not changed.any()


@pytest.mark.parametrize("place", PLACES)
def test_a_place_has_a_few_fixed_variants(place):
    variants = [draw_place(place, number) for number in range(VARIANTS)]
    for number, picture in enumerate(variants):
        assert picture.shape == (SIDE, SIDE, 3)
        np.testing.assert_array_equal(picture, draw_place.__wrapped__(place, number))
    assert len({picture.tobytes() for picture in variants}) > 1


@pytest.mark.parametrize("name", TINTS)
def test_a_tint_gives_the_colour_and_keeps_relief_and_outline(name):
    sprite = np.zeros((64, 64, 4), np.uint8)
    sprite[8:56, 8:56] = [250, 170, 60, 255]
    sprite[8:20, 8:56, :3] = [200, 120, 40]
    result = tint(sprite, name)
    np.testing.assert_array_equal(result[..., 3], sprite[..., 3])
    assert luminance(result)[10, 30] <= luminance(result)[40, 30]
    expected = {"light blue": "blue"}.get(name, name)
    assert dominant_colour(result) == expected


def test_mixed_and_empty_drawings_have_no_colour():
    stripes = np.full((60, 60, 4), 255, np.uint8)
    stripes[:20, :, :3], stripes[20:40, :, :3] = (220, 0, 0), (0, 0, 220)
    assert dominant_colour(stripes) is None
    assert dominant_colour(np.zeros((8, 8, 4), np.uint8)) is None


@pytest.mark.parametrize(
    ("words", "expected"),
    [("cat", "a cat"), ("owl", "an owl"), ("unicorn", "a unicorn"), ("UFO", "a UFO"),
     ("umbrella", "an umbrella"), ("hourglass", "an hourglass"), ("8 ball", "an 8 ball"),
     ("x-ray", "an x-ray")],
)  # fmt: skip
def test_the_article_follows_the_sound(words, expected):
    assert with_article(words) == expected
    assert without_article(expected) == words


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [("a cat", "an orange cat"), ("an owl", "an orange owl"), ("scissors", "orange scissors"),
     ("the Earth", "the orange Earth")],
)  # fmt: skip
def test_an_adjective_goes_after_the_article(phrase, expected):
    assert with_adjective("orange", phrase) == expected


def test_the_table_of_things_is_sound():
    kinds = read_kinds()
    assert len(kinds) > 1000
    assert len({kind.id for kind in kinds}) == len({kind.code for kind in kinds}) == len(kinds)
    assert {kind.weight for kind in kinds} == {2, 1, 0.5, 0.3, 0.12}
    for kind in kinds:
        if kind.phrase.startswith(("a ", "an ")):
            assert kind.phrase == with_article(kind.label)
    for ids in (HATS, WEARERS, RIDES, RIDERS):
        assert set(ids) <= {kind.id for kind in kinds}


def test_a_name_means_at_most_two_things():
    meanings = {}
    for kind in read_kinds():
        for name in {without_article(phrase) for phrase in (kind.phrase, *kind.names)}:
            meanings.setdefault(name, set()).add(kind.id)
    assert not {name: ids for name, ids in meanings.items() if len(ids) > 2}


def test_evaluation_prompts_are_plain_and_repeat(library):
    prompts = evaluation_prompts(library, 40, seed=2)
    assert prompts == evaluation_prompts(library, 40, seed=2)
    assert len(prompts) == 40
    everyday = {kind.id: kind for kind in library.kinds if kind.weight >= 1}
    for prompt, kind, colour in prompts:
        assert prompt == f"{everyday[kind].phrase} on {with_article(colour)} background"


def test_an_unknown_stage_is_refused(library):
    with pytest.raises(
        DalleError, match="stage is 'hard'; it must be one of things, first, simple, mixed, full"
    ):
        SceneComposer(library, "hard")


def test_the_sheet_holds_all_scenes(library, tmp_path):
    save_sheet(tmp_path / "sheet.png", "full", seed=1, rows=2, columns=3, library=library)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 3 * SIDE
