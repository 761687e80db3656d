"""The page in six languages: no sentence is missing, and none is left over."""

import re
from functools import cache
from pathlib import Path

import pytest

from dalle.engine.admission import BusyError, StoppingError
from dalle.engine.messages import tell
from dalle.engine.status import QueueStatus
from dalle.safety.prompts.filter import Decision
from dalle.safety.prompts.rules import CATEGORIES
from dalle.safety.reports import CATEGORIES as CATEGORIES_OF_REPORTS
from dalle.serving.page.controller import describe_wait, refuse, summarise
from dalle.serving.page.controls import ABOUT_MODEL, SLIDERS, sentence
from dalle.serving.page.events.restoring import show_example
from dalle.serving.page.examples import Example
from dalle.serving.page.links import ORIGIN, tell_differences
from dalle.serving.page.theme import STATIC
from dalle.serving.page.words.answers import ANSWERS
from dalle.serving.page.words.known_words import KnownWords
from dalle.serving.page.words.languages import LINES, read_tables
from dalle.serving.page.words.model_notes import EMBEDDED, PUBLISHED
from dalle.settings import KNOBS
from tests.serving.conftest import ROOT

LANGUAGES = ("de", "es", "fr", "ja", "pt")
QUOTED = re.compile(r'\bt\(\s*"([^"]+)"')
TEMPLATE = re.compile(r"\bt\(\s*`([^`]+)`")
MARKED = re.compile(r"\bdata-t>\s*([^<{]+?)\s*<")
SAID = re.compile(r'\b(?:say|_fold)\(\s*"([^"]+)"')


@cache
def keys() -> frozenset[str]:
    """Every sentence that is shown in the browser's language."""
    found = {*LINES, *ANSWERS, ABOUT_MODEL, *CATEGORIES_OF_REPORTS.values()}
    for model in (EMBEDDED, PUBLISHED):
        found |= {model.tagline, model.can, model.cannot}
    for name in SLIDERS:
        found |= {KNOBS[name].label, sentence(KNOBS[name])}
    for path in STATIC.rglob("*.js"):
        text = path.read_text("utf-8")
        found |= set(QUOTED.findall(text))
        found |= {re.sub(r"\$\{.*?\}(?!\})", "#", each) for each in TEMPLATE.findall(text)}
    for path in STATIC.rglob("*.html"):
        found |= set(MARKED.findall(path.read_text("utf-8")))
    for path in (ROOT / "dalle" / "serving" / "page").rglob("*.py"):
        text = path.read_text("utf-8")
        found |= set(SAID.findall(text)) | set(MARKED.findall(re.sub(r'"\s*\n\s*"', "", text)))
    return frozenset(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_missing(language):
    assert sorted(keys() - set(read_tables()[language])) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_left_over(language):
    assert sorted(set(read_tables()[language]) - keys()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_and_words_stay_where_they_belong(language):
    for key, text in read_tables()[language].items():
        assert key.count("#") == text.count("#"), key
        assert key.count("*") == text.count("*"), key
        assert not set("{}") & set(text), key  # gradio would take braces for variables


def read_key(key: str) -> re.Pattern:
    """What a key stands for."""
    return re.compile(re.escape(key).replace(r"\*", ".+").replace(r"\#", r"[\d.]*\d"))


def said() -> list[str]:
    """What the server says at some moments."""
    busy = QueueStatus(3, None, False)
    words = KnownWords(frozenset(("cat",)))
    runs = [{"state": state} for state in ("done", "failed")]
    return [
        *(Decision(False, category).message for category in CATEGORIES),
        words.comment("cat aaa bbb"),
        words.comment("cat aaa bbb ccc ddd"),
        KnownWords.beside(ROOT / "assets" / "nano").comment("Godzilla in xqzzy"),
        refuse(BusyError("", 1.0))["line"],
        refuse(StoppingError("", 1.0))["line"],
        describe_wait(busy, None)["line"],
        describe_wait(QueueStatus(0, None, False), None, "mini")["line"],
        summarise(runs)["line"],
        summarise(runs[:1])["line"],
        *(tell_differences({name: "a"}, {name: "b"}) for name in ORIGIN),
        str(tell(RuntimeError("secret"))),
        show_example(Example("a cat", Path("a.webp"), b""), "nano")[1]["note"],
    ]


def test_what_the_server_says_has_keys():
    readers = [read_key(key) for key in keys()]
    sentences = {each for text in said() for each in text.split(". ")}
    unknown = [
        each
        for each in sentences
        if not any(reader.fullmatch(end) for reader in readers for end in (each, f"{each}."))
    ]
    assert unknown == []


def test_the_languages_are_those_that_are_told():
    assert tuple(read_tables()) == LANGUAGES
