"""Words in pictures: letters of Europe are written, others are left out, and no box is drawn."""

import pytest
from PIL import Image

from dalle.generation import letters
from dalle.generation.letters import NO_LETTER, find_missing, fit_letters
from dalle.generation.pictures import make_sheet


def sheet_of(prompt: str) -> Image.Image:
    return make_sheet([Image.new("RGB", (64, 64), "white")] * 9, prompt)


@pytest.mark.parametrize("prompt", ["кот", "élan", "e\u0301lan", "żółw", "γάτα", "a red apple"])
def test_letters_of_europe_are_written(prompt):
    words, font = fit_letters(prompt, 20)
    assert len(words) >= 3
    assert find_missing(set(words), font) == set()
    assert sheet_of(prompt) != sheet_of("")


def test_different_letters_look_different():
    looks = [sheet_of(letter).tobytes() for letter in ("к", "о", "т", "é", "e", NO_LETTER)]
    assert len(set(looks)) == len(looks)


@pytest.mark.parametrize("prompt", ["猫", "猫が月にいる", "고양이", "🐈", "قطة"])
def test_letters_that_no_font_has_are_left_out(prompt):
    assert sheet_of(prompt) == sheet_of("")
    assert sheet_of(f"a cat {prompt}") == sheet_of("a cat")
    assert fit_letters(f"a {prompt}cat", 20)[0] == "a cat"


def test_ascii_is_written_as_before():
    assert fit_letters("a  red\napple\x00", 20)[0] == "a red apple"
    assert fit_letters("a cat", 20)[1].getname() != fit_letters("élan", 20)[1].getname()


def test_without_the_wider_font_there_is_no_box_either(monkeypatch):
    monkeypatch.setattr(letters, "wide_font", lambda: None)
    assert fit_letters("a кот", 20)[0] == "a"
