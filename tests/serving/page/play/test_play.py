"""Surprises, words to add, riddles, and drawing without what is not known."""

import pytest

from tests.serving.page.test_page_keeping import prompts

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit, quick_app):
    page = visit(quick_app)
    yield page
    assert page.mistakes == []


def wait_for_prompt(page, prompt: str) -> None:
    page.view.wait_for_function(
        "prompt => document.querySelector('#prompt textarea').value === prompt", arg=prompt
    )


def test_a_surprise_is_generated_at_once(page):
    page.press("Surprise me")
    page.wait_for_status("Done")
    assert page.tiles.count() == 9
    assert page.prompt == prompts(page)[0] != ""


def test_what_is_not_known_is_left_out_by_a_click(page):
    page.generate("godzilla in mordor")
    page.press("Draw without it")
    page.view.locator(".nf-run").nth(1).wait_for()
    wait_for_prompt(page, "godzilla")
    page.wait_for_status("Done")
    assert prompts(page) == ["godzilla", "godzilla in mordor"]


def test_where_nothing_is_known_the_pictures_are_folded_away(page):
    page.generate("blorf")
    assert not page.tiles.first.is_visible()
    page.view.locator("summary", has_text="Show what came out").click()
    assert page.tiles.first.is_visible()


def test_a_riddle_hides_its_prompt_until_it_is_guessed(page, visit):
    page.view.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.generate("a cat on a boat")
    page.more()
    page.press("Copy a riddle")
    page.wait_for_note("Copied.")
    address = page.view.evaluate("navigator.clipboard.readText()")
    assert "cat" not in address
    other = visit(address)
    other.wait_for_status("Done")
    assert other.tiles.count() == 9
    assert other.prompt == ""
    assert "a cat" not in other.view.locator("#board").inner_html()
    guess = other.view.get_by_label("What was the prompt?")
    guess.fill("a dog on a boat")
    other.press("Guess")
    other.wait_for(".nf-guess", "1 / 2 words")
    guess.fill("boat with cat")
    other.press("Guess")
    other.wait_for(".nf-guess", "It was: a cat on a boat")
    assert other.prompt == "a cat on a boat"


def test_the_page_speaks_the_browsers_language(visit, quick_app):
    page = visit(quick_app, locale="es-MX")
    page.box.fill("a cat")
    page.press("Dibujar")
    page.wait_for_status("Listo en ")
    page.view.get_by_role("button", name="Compartir", exact=True).wait_for()
    assert page.view.get_by_text("¿Qué dibujo?").is_visible()
    assert page.view.locator("html").get_attribute("lang") == "es-MX"
