"""The table of stand-ins names what is there, is allowed, and never mixes people with things."""

import re
from collections import Counter

import pytest

from dalle.safety.prompts.filter import PromptFilter
from dalle.text.heard import Hearing
from dalle.text.heard.languages import LANGUAGES
from dalle.text.heard.numbers import NUMBERS
from dalle.text.heard.piece import COUNTING, DETERMINERS, PLACED
from dalle.text.heard.tables import PERSONS, SORTS, STAND_IN_COLUMNS, read_rows, read_stand_ins
from dalle.text.heard.tokens import bare_key, key_of
from tests.text.heard.conftest import NANO

ROWS = list(read_stand_ins(NANO).values())
# Words that may stand between what the world has names for.
BETWEEN = DETERMINERS | COUNTING | PLACED | {"and", "with", "riding", "wearing", "front", "of"}
PEOPLE = ("people", "faces", "body")
FANTASY = (
    *("fairy", "vampire", "mermaid", "merman", "elf", "genie", "zombie", "troll", "bigfoot"),
    *("superhero", "supervillain", "wizard", "witch", "angel", "ninja", "jester"),
)
TRACES = ("footprints", "a fingerprint")  # in the group of people, but nobody


def entries(hearing: Hearing, phrase: str) -> list:
    """What the words of a phrase are, the longest names first; a word that is none is an error."""
    words, found, at = key_of(phrase).split(), [], 0
    while at < len(words):
        for end in range(len(words), at, -1):
            entry = hearing.world.phrases.get(bare_key(" ".join(words[at:end])))
            if entry and entry.sort != "word":
                found.append(entry)
                at = end
                break
        else:
            assert words[at] in BETWEEN, f"{words[at]!r} of {phrase!r} is not drawn"
            at += 1
    return found


def test_the_table_is_sorted_and_each_key_is_there_once():
    said = [
        row[0] for row in read_rows(NANO / "stand-ins.tsv", ("said", "drawn", "sort", "beside"))
    ]
    assert said == sorted(said)
    assert [word for word, times in Counter(said).items() if times > 1] == []
    assert len(said) >= 1500


def test_keys_are_in_their_normal_form_and_not_known_already(hearing):
    assert [row.said for row in ROWS if key_of(row.said) != row.said] == []
    # A row for anybody yields to the world's own names.
    own = (row[0] for row in read_rows(NANO / "stand-ins.tsv", ("said", *STAND_IN_COLUMNS)))
    assert [said for said in own if said in hearing.world.phrases] == []


def test_all_that_is_drawn_is_in_the_world(hearing):
    for row in ROWS:
        assert row.sort in SORTS
        assert entries(hearing, row.phrase), row
        if row.beside:
            assert entries(hearing, row.beside), row


def test_no_person_is_drawn_as_a_creature_or_a_thing_nor_the_other_way_round(hearing):
    for row in ROWS:
        things = [entry for entry in entries(hearing, row.phrase) if entry.sort == "thing"]
        if row.sort == "person":
            fantasy = any(name in things[0].phrase for name in FANTASY[:-2])
            assert things[0].group in PEOPLE, row
            assert not fantasy, row
        if row.sort in ("thing", "place"):
            people = [e for e in things if e.group == "people" and e.phrase not in TRACES]
            assert not people, row
        if row.sort == "creature":
            human = [e for e in things if e.group == "people"]
            assert all(any(name in e.phrase for name in FANTASY) for e in human), row


GROUPS = (
    *("africans", "americans", "asians", "australians", "buddhists", "canadians", "catholics"),
    *("christians", "europeans", "germans", "hindus", "immigrants", "indians", "italians", "jews"),
    *("latinos", "mexicans", "mormons", "muslims", "refugees", "russians", "sikhs", "women"),
    *("gays", "lesbians", "nuns", "monks", "priests", "rabbis", "imams", "homeless people"),
)


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_of_people_is_drawn_as_people_or_not_at_all(hearing, group):
    for entry in entries(hearing, heard) if (heard := " ".join(hearing.hear(group).heard)) else ():
        assert entry.group in ("people", ""), entry


def test_the_prompt_filter_allows_what_is_generated():
    prompt_filter = PromptFilter.load("standard")
    phrases = {text for row in ROWS for text in (row.phrase, row.beside) if text}
    assert [text for text in sorted(phrases) if not prompt_filter.check(text).allowed] == []


def test_the_prompt_filter_allows_what_is_said():
    prompt_filter = PromptFilter.load("standard")
    assert [row.said for row in ROWS if not prompt_filter.check(row.said).allowed] == []


def test_plain_words_are_in_their_normal_form(hearing):
    said = [row[0] for row in read_rows(NANO / "plain-words.tsv", ("said", "plain"))]
    assert said == sorted(said)
    assert all(re.fullmatch(r"[a-z0-9']+", word) for word in said)
    assert not set(said) & set(hearing.stand_ins)


# Their numbers come after the thing, or with a word of their own for what is counted.
WITHOUT_NUMBERS = {"ja", "zh", "ko", "th", "zh-hant"}


def test_the_other_languages_count_to_ten():
    rows = list(read_rows(NANO / "small-words.tsv", ("language", "word", "english")))
    numbers = Counter(
        (language, english)
        for languages, _, english in rows
        for language in languages.split()
        if english in NUMBERS
    )
    for language in set(LANGUAGES) - WITHOUT_NUMBERS:
        assert all(numbers[language, english] for english in ("two", "three")), language
        # Fire is four in Danish, hat is six in Hungarian, and kuusi a spruce in Finnish.
        more = ("five", "six", "seven", "eight", "nine", "ten")
        assert sum(numbers[language, word] > 0 for word in more) >= 5, language


def test_a_small_word_means_one_thing_in_a_language():
    rows = read_rows(NANO / "small-words.tsv", ("language", "word", "english"))
    said = Counter((language, row[1]) for row in rows for language in row[0].split())
    assert [pair for pair, count in said.items() if count > 1] == []


def test_a_row_for_anybody_holds_for_each_person():
    said = {row.said: row.phrase for row in ROWS}
    assert not any("*" in row.said for row in ROWS)
    assert {said[f"{person} with red hair"] for person in PERSONS} == {"a person with red hair"}
