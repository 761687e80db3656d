"""What a small model has never seen is named."""

import pytest

from dalle.serving.words import FILE, KnownWords

WORDS = KnownWords(frozenset(("apple", "red", "fox", "ice", "cream", "box", "it's")))


@pytest.mark.parametrize(
    "text", ["a red apple", "Apples in BOXES", "red, red... apple!", "3 apples", "ice-cream", ""]
)
def test_what_is_known_is_not_named(text):
    assert WORDS.comment(text) == ""


@pytest.mark.parametrize(
    ("text", "covered"),
    [("a red Apple, it", True), ("", True), ("apple 3", False), ("apple Jane", False),
     ("apple\u0661", False), ("apple@box", False)],
)  # fmt: skip
def test_only_plain_known_words_are_covered(text, covered):
    assert WORDS.cover(text) == covered
    assert not KnownWords().cover(text)


def test_unknown_words_come_with_the_nearest_known_ones():
    assert WORDS.comment("an aple from mordor") == (
        "Not known to this small model: aple (nearest: apple); from; mordor."
    )


def test_each_is_named_once_and_not_too_many():
    assert WORDS.unknown("zzz yyy zzz") == ["zzz", "yyy"]
    assert WORDS.comment("qqq www yyy zzz vvv").endswith("qqq; www; yyy and 2 more.")


def test_nothing_is_named_where_a_model_does_not_tell(tmp_path):
    assert KnownWords.beside(tmp_path).comment("anything at all") == ""


def test_the_list_is_read_from_the_models_folder(tmp_path):
    (tmp_path / FILE).write_text("Apple\n\n red \n", "utf-8")
    assert KnownWords.beside(tmp_path).words == {"apple", "red"}
