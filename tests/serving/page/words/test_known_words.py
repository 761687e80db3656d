"""What a small model has never seen is named."""

import pytest

from dalle.serving.page.page import write_unknown
from dalle.serving.page.words.known_words import FILE, KnownWords
from tests.serving.conftest import ROOT

WORDS = KnownWords(frozenset(("apple", "red", "fox", "ice", "cream", "box", "it's")))


@pytest.mark.parametrize(
    "text", ["a red apple", "Apples in BOXES", "red, red... apple!", "3 apples", "ice-cream", ""]
)
def test_what_is_known_is_not_named(text):
    assert WORDS.comment(text) == ""


def test_unknown_words_come_without_others_that_are_written_alike():
    assert WORDS.comment("an aple from mordor") == "Not known to this model: aple, from, mordor."


def test_each_is_named_once_and_not_too_many():
    assert WORDS.unknown("zzz yyy zzz") == ["zzz", "yyy"]
    assert WORDS.comment("qqq www yyy zzz vvv").endswith("qqq, www, yyy and 2 more.")


def test_nothing_is_named_where_a_model_does_not_tell(tmp_path):
    assert KnownWords.beside(tmp_path).comment("anything at all") == ""


def test_the_list_is_read_from_the_models_folder(tmp_path):
    (tmp_path / FILE).write_text("Apple\n\n red \n", "utf-8")
    assert KnownWords.beside(tmp_path).words == {"apple", "red"}


def test_where_nothing_is_known_there_are_buttons_with_other_prompts():
    nano = KnownWords.beside(ROOT / "assets" / "nano")
    assert write_unknown(nano, "blorf").count("data-prompt=") == 3
    assert "data-prompt=" not in write_unknown(nano, "a cat in mordor")
    assert write_unknown(nano, "a cat") == ""
    assert "<script>" not in write_unknown(WORDS, "blorf<script>")


def test_nothing_is_told_of_a_text_that_is_too_long_for_a_prompt():
    assert "blorf" in write_unknown(WORDS, "apple blorf")
    assert write_unknown(WORDS, "blorf " * 400) == ""
