"""One plain form for what looks alike."""

import unicodedata

import pytest

from dalle.safety.prompts.folding import fold, open_markup, without_leet


@pytest.mark.parametrize(
    "text",
    [
        "NAKED", "ｎａｋｅｄ", "𝐧𝐚𝐤𝐞𝐝", "nаkеd", "n̶a̷k̸e̴d̵", "n\u200ba\u200bk\u00aded",
        "ⓝⓐⓚⓔⓓ", "🅽🅰🅺🅴🅳", "ñákèď", "ɴᴀᴋᴇᴅ", "\u202enaked",
    ],
)  # fmt: skip
def test_look_alikes_become_one(text):
    assert fold(text) == "naked"


def test_vowel_signs_of_indic_scripts_stay():
    assert fold("नंगी औरत बिल्ली") == "नंगी औरत बिल्ली"


@pytest.mark.parametrize("text", ["عـاريـــة", "عاریة", "عاريه", "ﻋﺎﺭﻳﺔ", "عَارِيَة"])
def test_arabic_letters_that_are_written_for_one_another_are_one(text):
    assert fold(text) == fold("عارية")


def test_nasals_of_devanagari_are_one_however_they_are_written():
    assert len({fold(word) for word in ("नंगी", "नङ्गी", "नन्गी")}) == 1
    assert fold("न्") == "न्"  # nothing follows


def test_kana_and_hangul_stay_composed():
    assert fold("ガ 벌") == "ガ 벌"
    assert fold(unicodedata.normalize("NFD", "ガ 벌")) == "ガ 벌"


def test_emoji_are_signs_not_letters():
    assert fold("n🔥a") == "n~a"


def test_markup_is_opened():
    assert open_markup("plain") == ["plain"]
    assert open_markup("n&amp;#97;ked") == ["naked"]
    assert open_markup("%6eaked") == ["naked"]
    assert open_markup("na<b></b>ked") == ["naked", "na  ked"]
    assert open_markup("100% of <3") == ["100% of <3", "100% of <3"]


def test_leet_is_read_in_words_only():
    assert without_leet("p0rn") == ["porn"]
    assert without_leet("g1rl!") == ["girl!", "glrl!"]
    assert without_leet("year 2024, $20") == []
