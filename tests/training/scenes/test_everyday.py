"""Everyday words stand around the things and never name another; the things stay in the caption."""

import re

import pytest

from dalle.safety.prompts.filter import PromptFilter
from dalle.training.scenes.captions import Captioner, Subject
from dalle.training.scenes.casting import LAYOUTS
from dalle.training.scenes.composer import SceneComposer
from dalle.training.scenes.dice import Dice
from dalle.training.scenes.everyday.captioner import EverydayCaptioner
from dalle.training.scenes.everyday.lists import FOLDER, read_list, read_table
from dalle.training.scenes.vocabulary import read_kinds, without_article

LISTS = sorted(path.stem for path in FOLDER.glob("*.txt"))
TABLES = ("relations", "sentences")
# Words that name no thing where they stand in a list.
NO_THING = re.compile(r"van gogh|fan art|\bsaw\b|\bdoes\b", re.IGNORECASE)
SLOTS = {"single": 1, "several": 1} | {
    layout.relation: len(layout.roles)
    for layout in LAYOUTS.values()
    if layout.relation and len(layout.roles) <= 5
}


SIGNS = {layout.relation: layout.sign for layout in LAYOUTS.values() if layout.sign}


@pytest.fixture(scope="module")
def names():
    """A pattern of all things' names, without their articles."""
    words = {kind.plural for kind in read_kinds()} - {""}
    words |= {without_article(p) for kind in read_kinds() for p in (kind.phrase, *kind.names)}
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, longest_first))})(?![\w-])", re.I)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_names_nothing_that_is_drawn(name, names):
    entries = read_list(name)
    assert len(entries) == len(set(entries)) >= 15
    bare = [NO_THING.sub("", re.sub(r"\{\d?\}", " ", entry)) for entry in entries]
    assert [entry for entry in bare if names.search(entry)] == []


@pytest.mark.parametrize("name", TABLES)
def test_a_form_has_a_place_for_every_thing_and_names_no_other(name, names):
    for relation, forms in read_table(name).items():
        assert len(forms) == len(set(forms))
        for form in forms:
            slots = sorted(int(slot) for slot in re.findall(r"\{(\d)\}", form))
            assert slots == list(range(SLOTS[relation])), form
            assert not names.search(re.sub(r"\{\d\}", " ", form)), form


def test_captions_name_their_things(library):
    composer = SceneComposer(library, "asked")
    kinds = {kind.id: kind for kind in read_kinds()}
    for number in range(300):
        scene = composer.compose(number)
        caption = re.sub(r"[\s_]+", " ", scene.caption)
        for thing in scene.things:
            if scene.relation in SIGNS and thing.kind == SIGNS[scene.relation]:
                continue
            kind = kinds[thing.kind]
            called = (kind.phrase, *kind.names)
            # An adjective may stand within: "half a green kiwi".
            words = [kind.plural, *(without_article(phrase).split()[-1] for phrase in called)]
            assert any(word and word in caption for word in words), (scene.caption, kind.id)


def test_a_third_of_the_captions_is_in_the_plain_grammar(library, monkeypatch):
    chosen = []
    for captioner in (Captioner, EverydayCaptioner):
        monkeypatch.setattr(
            captioner, "caption", lambda self, *_: chosen.append(type(self)) or "a caption"
        )
    composer = SceneComposer(library, "asked")
    for number in range(400):
        composer.compose(number)
    assert 0.25 < chosen.count(Captioner) / len(chosen) < 0.42


def test_several_of_a_kind_are_asked_for_without_a_number():
    (cat,) = (kind for kind in read_kinds() if kind.id == "cat")
    told = [EverydayCaptioner(Dice(n), True).several(Subject(cat), 4) for n in range(200)]
    assert all("cats" in words for words in told)
    for amount in ("multiple cats", "several cats", "a bunch of cats", "four cats"):
        assert any(amount in words for words in told), amount


def test_the_prompt_filter_allows_what_is_trained_on(library):
    check = PromptFilter.load()
    composer = SceneComposer(library, "asked")
    captions = [composer.compose(number).caption for number in range(400)]
    refused = [caption for caption in captions if not check.check(caption).allowed]
    assert len(refused) <= 4, refused
