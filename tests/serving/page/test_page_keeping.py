"""Nothing is lost: reloads, a server that is away, several runs, seeds that nobody pinned."""

import pytest

from tests.serving.conftest import running
from tests.serving.page.test_page_restoring import drop

pytestmark = pytest.mark.browser

AWAY = "The server did not answer. Nothing is lost; try it again in a moment."


@pytest.fixture
def page(visit, address):
    page = visit(address)
    yield page
    assert page.mistakes == []


def prompts(page) -> list[str]:
    """The prompts of the runs, from top to bottom."""
    return [run.get_attribute("aria-label") for run in page.view.locator(".nf-run").all()]


def test_a_reload_keeps_prompt_settings_and_pictures(page, address):
    page.value("seed")
    page.view.locator("#seed textarea").fill("7")
    page.generate("a cat")
    page.generate("a dog")
    shown = page.pictures()
    page.box.fill("my precious prompt")
    page.open(address)
    page.view.locator(".nf-tile").nth(17).wait_for()
    assert prompts(page) == ["a dog", "a cat"]
    assert page.pictures() == shown
    assert page.prompt == "my precious prompt"
    assert page.value("seed") == "7"
    page.press("Show the other 7")  # the server still has them
    page.wait_for_note("7 more.")


def test_a_run_is_added_and_the_last_one_asked_for_stands_above(page):
    page.box.fill("slowly a cat")
    page.press("Generate")
    page.wait_for_status("Drawing: ")
    page.box.fill("a dog")
    page.press("Generate")
    page.view.locator(".nf-tile").nth(17).wait_for()
    assert prompts(page) == ["a dog", "slowly a cat"]


def test_back_closes_the_picture(page):
    page.generate("a cat")
    page.tiles.nth(2).click()
    page.view.locator(".nf-large").wait_for()
    page.view.go_back()
    page.view.locator(".nf-large").wait_for(state="hidden")
    assert page.prompt == "a cat"
    assert page.tiles.count() == 9


def test_a_pinned_seed_is_seen_and_let_go(page):
    chip = page.view.locator(".nf-pinned")
    page.value("seed")
    assert chip.is_hidden()
    page.view.locator("#seed textarea").fill("77")
    page.wait_for(".nf-pinned", "Seed 77")
    page.press("Take a new seed each time")
    chip.wait_for(state="hidden")
    assert page.value("seed") == ""


@pytest.mark.parametrize("way", ["example", "result"])
def test_examples_and_results_pin_no_seed(page, way):
    if way == "result":
        page.generate("a cat")
        page.more()
        page.press("Use these settings")
        page.wait_for_status("The settings of this result are restored; the next pictures take")
    else:
        page.view.locator(".nf-examples button").first.click()
        page.view.locator(".nf-run img.nf-sheet").wait_for()
    assert page.view.locator(".nf-pinned").is_hidden()
    assert page.value("seed") == ""


def test_the_address_follows_the_prompt(page, address):
    page.open(f"{address}/?prompt=a+fox&seed=77&run=0")
    page.wait_for(".nf-pinned", "Seed 77")
    assert "prompt=a+fox" in page.view.url
    page.box.fill("my own")
    page.view.wait_for_function("() => location.search === ''")
    page.open(page.view.url)
    page.view.wait_for_function("() => document.querySelector('#prompt textarea').value")
    assert page.prompt == "my own"


def test_buttons_say_that_the_server_is_away(visit):
    with running("-m", "tests.fakes.engine") as (address, server):
        page = visit(address)
        page.generate("a cat")
        server.kill()
        server.wait()
        page.more()
        for name in ("Show the other 7", "Download all", "One picture", "Sort"):
            page.press(name)
            page.wait_for_note(AWAY)
            page.view.locator(".nf-note").evaluate("note => { note.textContent = ''; }")
        page.press("Generate")
        page.wait_for_status("The connection to the server was lost. Your prompt is kept")


def test_a_file_that_is_too_large_to_check_is_refused_in_words(page):
    page.unfold("History")
    file = {"name": "a.png", "mimeType": "image/png", "buffer": bytes(2 * 2**20 + 1)}
    page.view.locator(".nf-reader input").set_input_files(file)
    told = "This file has 2.0 MB, and at most 2 MB are read; choose a smaller one."
    page.wait_for(".nf-verdict", told)


def test_a_dropped_file_that_is_no_picture_is_refused_in_words(page):
    drop(page, bytes(2 * 2**20 + 1))
    page.wait_for_note("This file is no picture that your browser can read; choose a PNG, JPEG")


SOUND = '{"prompt": "a fox", "query": "prompt=a+fox&seed=3"}'


@pytest.mark.parametrize(
    "kept",
    ["{}", "5", '"x"', "true", "[null]", '[{"a": 1}]', "[", '[{"prompt": "a", "query": 1}]',
     '[{"prompt": "a", "query": "b", "sheet": 3}]', f"[null, {SOUND}, 7]"],
)  # fmt: skip
def test_a_damaged_history_is_mended_by_the_next_drawing(visit, quick_app, kept):
    page = visit(quick_app)
    page.view.evaluate("kept => localStorage.setItem('ninefold.history', kept)", kept)
    page.open(quick_app)
    page.generate("a cat")
    page.unfold("History")
    prompts = page.view.locator(".nf-memory").all_inner_texts()
    assert prompts == (["a cat", "a fox"] if SOUND in kept else ["a cat"])
    assert page.mistakes == []


def test_a_run_without_pictures_leaves_the_one_before_it_whole(page):
    page.generate("a cat")
    page.box.fill("slowly break")
    page.press("Generate")
    page.view.locator(".nf-earlier").wait_for()
    page.wait_for_status("Drawing failed")
    page.view.locator(".nf-run:not(.nf-earlier) .nf-tile").nth(8).wait_for()
