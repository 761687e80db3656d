"""Normalized prompts are those of the original, whatever is typed and however long it is."""

import json
from pathlib import Path

import pytest

from dalle.errors import DalleError
from dalle.text import TextNormalizer
from dalle.text.normalize import split_words, transliterate

FIXTURES = Path(__file__).parents[1] / "fixtures" / "text"
WORD_LIST = FIXTURES / "enwiki-words-frequency.txt"
PAIRS = [
    (pair["prompt"], pair["normalized"])
    for pair in json.loads((FIXTURES / "expected.json").read_text(encoding="utf-8"))
]

# More pairs from the original (dalle-mini 0.1.5, the same word list), for the rarer rules.
MORE_PAIRS = [
    ("すし and 日本", " sushi and ri ben"),
    ("\u0404\u0432\u0433\u0435\u043d, \u043e\u0431'\u0454\u043a\u0442", ' ievgen, ob " iekt'),
    ("1½ cups of ①", " 1 1/2 cups of 1"),
    ("\U0001d4ef\U0001d4ea\U0001d4f7\U0001d4ec\U0001d502 ♡ text", " fancy hearts text"),
    ("#a.b #cat_dog", " a x t o k x d o t x t o k x b cat dog"),
    ("#2021newyork10", " 2021 n e w y o r k 10"),
    ("#xq9zcat", " x q 9 z c a t"),
    ("#newyorknewyorknewyork", " new york new york new york"),
    ("<person>, and <person> wave", " people wave"),
    ("1,000,000 < 2,000", " 1000000 < 2000"),
    ("[1] [2] x [3]", " 2, x"),
    ("sch\u00c3\u00b6n “quotes” … №5", ' schon " quotes ", no, 5'),
    ("a <- b -> c", " a c"),
    ("&amp;lt;b&amp;gt; &#65;", " a"),
    ("it''s", " it \" 's"),
    ("x , , \" ' y", ' x, " y'),
    ("aaa aaaa 1111", " aaa a 1111"),
    ("HTTP://A.B/c d", " d"),
    ("❤️ 👩\u200d🚀", " red heart, woman astronaut"),
    ("\u200bzero\xa0width", " zero width"),
    ("'tis the 'd 'n", ' " tis the \'d " n'),
]

# Shapes that make a careless rule scan the same text again and again.
HOSTILE = {
    "hashtag": "#" + "a" * 10_000,
    "hashtag of digits": "#" + "1" * 10_000,
    "hashtags": "#ab " * 2_500,
    "longest transliteration": "#" + "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 10_000,
    "letters": "a" * 10_000,
    "spaces": "a" + " " * 10_000 + "a",
    "open brackets": "[1" * 5_000,
    "nested brackets": "[" * 5_000 + "]" * 5_000,
    "open tags": "<a" * 5_000,
    "persons": "<person>" + "and, " * 2_000,
    "commas": " ," * 5_000,
    "quotes": "' " * 5_000,
    "reference": "[1]" + " " * 10_000 + "a",
    "dots": "a." * 5_000,
    "entities": "&" * 10_000,
    "emoji": "👩\u200d👩\u200d👧\u200d👦" * 1_400,
    "mojibake": "\u00c3\u0192\u00c2\u00a9" * 2_500,
    "accents": "a" + "\N{COMBINING ACUTE ACCENT}" * 10_000,
    "lone surrogates": "\ud800" * 10_000,
    "escapes": "\x1b[0m" * 2_500,
    "megabytes": "cat dog " * 500_000,
}


@pytest.fixture(scope="module")
def normalizer():
    return TextNormalizer(word_frequencies=WORD_LIST)


@pytest.mark.parametrize(("prompt", "normalized"), PAIRS + MORE_PAIRS)
def test_same_as_original(normalizer, prompt, normalized):
    assert normalizer(prompt) == normalized


@pytest.mark.parametrize("normalized", [normalized for _, normalized in PAIRS])
def test_normalized_text_stays_as_it_is(normalizer, normalized):
    assert normalizer(normalized) == normalized


@pytest.mark.parametrize("shape", HOSTILE)
def test_a_hostile_prompt_becomes_plain(normalizer, shape):
    text = normalizer(HOSTILE[shape])
    assert text.isascii()
    assert text == text.lower()
    assert text.startswith(" ")
    assert "  " not in text


def test_a_prompt_means_one_thing(normalizer):
    assert normalizer("<person> waves") == " a person waves"  # the original draws a word


def test_without_a_word_list_hashtags_stay_in_one_piece():
    assert TextNormalizer()("#newyork #cat_dog") == " newyork cat dog"


def test_word_list_is_read_once_and_only_for_a_hashtag(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("cat 2\ndog 1\n", encoding="utf-8")
    normalizer = TextNormalizer(word_frequencies=str(path))
    path.write_text("catdog 1\n", encoding="utf-8")
    assert normalizer("a catdog") == " a catdog"
    assert normalizer("#catdog") == " catdog"  # read now, not at construction
    path.unlink()
    assert normalizer("#catdog") == " catdog"


def test_cheapest_split_wins():
    assert split_words("catdog", {"cat": 1.0, "dog": 1.0, "catdog": 2.5}) == ["cat", "dog"]
    assert split_words("catdog", {"cat": 1.0, "dog": 1.0, "catdog": 1.5}) == ["catdog"]
    assert split_words("1999cat", {"1": 1.0, "9": 1.0, "cat": 1.0}) == ["1999", "cat"]
    assert split_words("", {}) == []


def test_transliteration_drops_what_has_no_spelling():
    assert transliterate("a\N{LINEAR B SYLLABLE B008 A}b\ue000c\u2c00") == "abc"
    assert transliterate("[?]") == "[?]"


def test_missing_word_list_is_named(tmp_path):
    with pytest.raises(DalleError, match=r"word_frequencies is .*none\.txt, which is not a file"):
        TextNormalizer(word_frequencies=tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00", r"words\.txt could not be read as a list of words .*must be UTF-8"),
        (b"\n \n", r"words\.txt has no words; it must have one a line"),
    ],
)
def test_wrong_word_list_is_named(tmp_path, content, message):
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(DalleError, match=message):
        TextNormalizer(word_frequencies=path)("#hashtag")
