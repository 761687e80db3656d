"""The page about the server and its model."""

from dataclasses import replace

import pytest

from dalle.engine.engine import LocalEngine
from dalle.serving.page.facts.about_page import write_page
from dalle.serving.settings import ServerSettings
from tests.fakes.engine import FakePipeline, make_site


@pytest.fixture
def site():
    return make_site(LocalEngine(FakePipeline, 5))


def test_it_holds_facts_settings_and_the_card(site):
    page = write_page(replace(site, card="# A card\n\n| a | b |\n|---|---|\n| 1 | 2 |"))
    assert "<dt>Seal</dt><dd>Every picture is checked.</dd>" in page
    assert "NINEFOLD_MODELS" in page
    assert "<h1>A card</h1>" in page
    assert "<td>1</td>" in page


def test_nothing_of_a_card_or_a_name_becomes_code(site):
    nasty = "<script>alert(1)</script>"
    named = replace(site, card=nasty, settings=ServerSettings(name=nasty))
    assert "<script" not in write_page(named)
