"""Results on the server and as the browser gets them."""

import base64
import dataclasses
import io
import json
import math
import unicodedata
import zipfile

import pytest
from PIL import Image

from dalle.errors import DalleError
from dalle.generation.result import Picture
from dalle.serving.page import tiles
from dalle.serving.page.results import ResultStore, StoredResult
from dalle.serving.page.sharing.export import pack_name, pack_sheet, pack_zip
from dalle.serving.page.tiles import (
    BLURRED,
    HIDDEN,
    SHOWN,
    describe_kept,
    describe_preview,
    describe_rejected,
    file_name,
    slug,
)
from tests.fakes.engine import FakePipeline


@pytest.fixture
def kept() -> StoredResult:
    return StoredResult(FakePipeline().generate("a cat, on a mat!", seed=3), name="named")


def test_a_result_is_found_by_its_name_and_nobody_can_guess_it():
    results = ResultStore()
    first, second = (FakePipeline().generate("a cat", seed=n) for n in (1, 2))
    names = results.keep(first), results.keep(second)
    assert [results.get(name).result for name in names] == [first, second]
    assert all(len(name) >= 20 for name in names)
    with pytest.raises(DalleError, match="no longer has these pictures"):
        results.get("guessed")


def test_the_oldest_are_forgotten():
    results = ResultStore(megabytes=1)
    size = StoredResult(FakePipeline().generate("a cat")).size
    names = [results.keep(FakePipeline().generate("a cat")) for _ in range(2**20 // size + 3)]
    with pytest.raises(DalleError):
        results.get(names[0])
    assert results.get(names[-1])


def test_a_file_is_made_once(kept, monkeypatch):
    picture = kept.result.pictures[0]
    first = kept.png(picture)
    monkeypatch.setattr(Picture, "as_png", lambda self: b"another")
    assert kept.png(picture) == first


def test_a_tile_tells_all_about_its_picture(kept):
    described = describe_kept(kept)
    assert [tile["place"] for tile in described] == list(range(1, 10))
    tile, picture = described[0], kept.result.pictures[0]
    assert (tile["src"], tile["png"]) == ("results/named/15.webp", "results/named/15.png")
    assert picture.candidate == 15
    assert (tile["score"], tile["seed"], tile["candidate"]) == (15.0, 3, 15)
    assert tile["file"] == "a-cat-on-a-mat-seed3-no15.png"
    assert "seed=3&candidate=15" in tile["query"]
    json.dumps(described)


def test_the_rest_are_numbered_on(kept):
    assert [tile["place"] for tile in describe_rejected(kept)] == list(range(10, 17))


def test_a_picture_without_a_score_says_so(kept):
    picture = kept.result.pictures[0]
    unscored = Picture(picture.image, math.nan, picture.candidate, picture.recipe)
    kept.result.pictures[0] = unscored
    assert describe_kept(kept)[0]["score"] is None


def test_the_zip_holds_the_files_best_first(kept):
    packed = pack_zip(kept)
    assert packed == pack_zip(kept)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names[0] == "1-a-cat-on-a-mat-seed3-no15.png"
        assert archive.read(names[0]) == kept.png(kept.result.pictures[0])
        assert archive.read("sheet.png") == pack_sheet(kept)
    assert pack_name(kept) == "a-cat-on-a-mat-seed3"


def test_a_preview_is_one_sheet_with_its_geometry():
    pictures = [Image.new("RGB", (64, 48), "red")] * 9
    preview = describe_preview(pictures)
    content = base64.b64decode(preview["uri"].removeprefix("data:image/jpeg;base64,"))
    with Image.open(io.BytesIO(content)) as sheet:
        gap = preview["gap"]
        assert sheet.size == (3 * (64 + gap) + gap, 3 * (48 + gap) + gap)
    assert (preview["width"], preview["height"], preview["count"]) == (64, 48, 9)


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A Cat!", "a-cat"),
        ("../../etc/passwd", "etc-passwd"),
        ("???", "picture"),
        ("ö", "ö"),
        ("o\u0308l", "öl"),
        ("snake_case - here", "snake_case-here"),
        # Vowel signs and tones are marks, without which these are other words.
        ("हिन्दी में चित्र", "हिन्दी-में-चित्र"),
        ("ที่นี่ น้ำ", "ที่นี่-น้ำ"),
        ("क्\u200dष \u202egnp", "क्ष-gnp"),
    ],
)
def test_a_prompt_becomes_a_harmless_file_name(prompt, name):
    assert slug(prompt) == name
    assert len(slug("a" * 500)) == 60


@pytest.mark.parametrize("letter", ["a", "ö", "म", "में", "ที่", "京", "𠀀", "e" + "\u0301\u0302" * 3])
def test_a_name_ends_at_a_letters_border_and_at_200_bytes(letter, kept):
    name = slug(letter * 100)
    assert len(name.encode()) <= 170
    whole = unicodedata.normalize("NFC", letter)
    assert name == whole * (len(name) // len(whole))
    recipe = kept.result.pictures[0].recipe | {"prompt": letter * 100, "seed": 2**32 - 1}
    picture = dataclasses.replace(kept.result.pictures[0], recipe=recipe, candidate=63)
    assert len(f"64-{file_name(picture)}".encode()) <= 200


def test_what_a_check_hides_never_reaches_the_browser(kept, monkeypatch):
    looks = {15: (HIDDEN, "Hidden."), 14: (BLURRED, "Blurred.")}
    monkeypatch.setattr(tiles, "look_of", lambda p: looks.get(p.candidate, (SHOWN, "")))
    described = {tile["candidate"]: tile for tile in describe_kept(kept)}
    assert (described[15]["src"], described[15]["reason"]) == ("", "Hidden.")
    assert (described[14]["look"], described[14]["reason"]) == (BLURRED, "Blurred.")
    assert described[13]["look"] == SHOWN
