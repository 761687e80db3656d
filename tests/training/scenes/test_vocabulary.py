"""The table of things: well-formed, and no word for two of them."""

import csv
import re
from collections import Counter

import pytest

from dalle.training.scenes.captions import STYLE_WORDS
from dalle.training.scenes.casting import HATS, RIDERS, RIDES, WEARERS
from dalle.training.scenes.drawings import STYLES
from dalle.training.scenes.vocabulary import (
    TABLE,
    read_kinds,
    with_adjective,
    with_article,
    without_article,
)

KINDS = read_kinds()
EMOJI = r"[0-9a-f]{4,5}(-200d-[0-9a-f]{4,5})*"
CLIP_ART = r"[a-z]+(/[\w.-]+)+"
ARTICLE = re.compile(r"(an?|the) ")


def test_the_table_is_well_formed():
    with TABLE.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["id", "code", "phrase", "plural", "group", "weight", "names"]
    for row in rows:
        assert len(row) == len(header), row
        assert row == [" ".join(cell.split()) for cell in row], row
    assert len({row[0] for row in rows}) == len({row[1] for row in rows}) == len(rows)


def test_it_knows_many_things_and_words():
    assert len(KINDS) >= 1230
    assert sum(bool(kind.names) for kind in KINDS) >= 700


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_a_kind_is_plausible(kind):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind.id)
    assert re.fullmatch(f"{EMOJI}|{CLIP_ART}", kind.code)
    assert kind.weight in (0.12, 0.3, 0.5, 1, 2)
    for phrase in (kind.phrase, *kind.names):
        if re.match("an? ", phrase):
            assert phrase == with_article(without_article(phrase))
        assert not re.search(r"[;,:_()\"]", phrase)
        assert len(phrase.split()) <= 9
    if kind.plural:
        assert kind.plural != kind.phrase
        assert not ARTICLE.match(kind.plural)
        # Only one thing can be counted: "an owl", but not "scissors" or "the Earth".
        assert re.match("an? ", kind.phrase)


def test_no_phrase_belongs_to_two_kinds_or_twice_to_one():
    phrases = Counter(phrase.lower() for kind in KINDS for phrase in (kind.phrase, *kind.names))
    assert [phrase for phrase, times in phrases.items() if times > 1] == []


def test_no_plural_belongs_to_two_kinds():
    plurals = Counter(kind.plural.lower() for kind in KINDS if kind.plural)
    assert [plural for plural, times in plurals.items() if times > 1] == []


def test_a_name_without_its_article_still_means_the_same_kind():
    owners = {}
    for kind in KINDS:
        for phrase in (kind.phrase, *kind.names):
            owners.setdefault(without_article(phrase).lower(), set()).add(kind.id)
    assert {words: ids for words, ids in owners.items() if len(ids) > 1} == {}


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("half a kiwi", "half an orange kiwi"),
        ("two swords", "two orange swords"),
        ("a half-moon", "an orange half-moon"),
        ("the planet Mars", "the orange planet Mars"),
    ],
)
def test_an_adjective_goes_where_english_puts_it(phrase, expected):
    assert with_adjective("orange", phrase) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("SUV", "an SUV"),
        ("F1 car", "an F1 car"),
        ("LP", "an LP"),
        ("X-ray", "an X-ray"),
        ("xylophone", "a xylophone"),
        ("unidentified flying object", "an unidentified flying object"),
        ("unicycle", "a unicycle"),
        ("u-shaped magnet", "a u-shaped magnet"),
        ("US mailbox", "a US mailbox"),
        ("hourglass", "an hourglass"),
    ],
)
def test_the_article_follows_the_sound(words, expected):
    assert with_article(words) == expected


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("a puppy", "dog-face"),
        ("an automobile", "car"),
        ("a tyrannosaurus", "t-rex"),
        ("a UFO", "ufo"),
        ("a flying saucer", "ufo"),
        ("a kitty", "cat-face"),
        ("a bike", "bicycle"),
        ("a plane", "airplane"),
        ("a cop", "police-officer"),
        ("a doggo", "dog"),
        ("a sofa", "couch"),
        ("a doughnut", "donut"),
        ("a lightsaber", "laser-swords"),
        ("a king", "king"),
    ],
)
def test_what_people_type_is_known(words, kind):
    assert [k.id for k in KINDS if words in (k.phrase, *k.names)] == [kind]


def test_every_drawing_style_has_words():
    assert set(STYLE_WORDS) == set(STYLES)


def test_layouts_speak_of_things_in_the_table():
    assert {*HATS, *RIDERS, *RIDES, *WEARERS} <= {kind.id for kind in KINDS}
