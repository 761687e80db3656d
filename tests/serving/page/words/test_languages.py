"""The page in six languages: no sentence is missing, and none is left over."""

import re

import pytest

from dalle.serving.page.controls import ABOUT_MODEL, SLIDERS, sentence
from dalle.serving.page.theme import STATIC
from dalle.serving.page.words.languages import LINES, read_tables
from dalle.serving.page.words.model_notes import EMBEDDED, PUBLISHED
from dalle.settings import KNOBS
from tests.serving.conftest import ROOT

LANGUAGES = ("de", "es", "fr", "ja", "pt")
QUOTED = re.compile(r'\bt\(\s*"([^"]+)"')
TEMPLATE = re.compile(r"\bt\(\s*`([^`]+)`")
MARKED = re.compile(r"\bdata-t>\s*([^<{]+?)\s*<")
SAID = re.compile(r'\b(?:say|_fold)\(\s*"([^"]+)"')


def keys() -> set[str]:
    """Every sentence that is shown in the browser's language."""
    found = set(LINES) | {ABOUT_MODEL, EMBEDDED.tagline, PUBLISHED.tagline}
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
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_missing(language):
    assert sorted(keys() - set(read_tables()[language])) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_left_over(language):
    assert sorted(set(read_tables()[language]) - keys()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_stay_where_they_belong(language):
    for key, text in read_tables()[language].items():
        assert key.count("#") == text.count("#"), key
        assert not set("{}") & set(text), key  # gradio would take braces for variables


def test_the_languages_are_those_that_are_told():
    assert tuple(read_tables()) == LANGUAGES
