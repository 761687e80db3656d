"""The page in a real browser, with a fake pipeline behind."""

import time

import pytest

from tests.serving.conftest import Page, serving


@pytest.fixture(scope="module")
def address():
    with serving("-m", "tests.serving.fake") as address:
        yield address


@pytest.fixture
def page(browser, address):
    return Page(browser, address)


@pytest.mark.browser
def test_generate_fills_in_previews_then_nine_pictures(page):
    page.write("a cat")
    page.click("generate")
    page.wait_for(lambda: "%" in page.status)
    page.wait_for(lambda: page.find("#preview img"))
    page.wait_for(lambda: "kept the best 9" in page.status)
    page.wait_for(lambda: len(page.tiles) == 9)
    assert page.seed == "11"


@pytest.mark.browser
def test_enter_generates_and_the_prompt_stays(page):
    page.write("a dog\n")
    page.wait_for(lambda: "kept the best 9" in page.status)
    assert page.prompt == "a dog"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [("fail", "This prompt fails"), (" ", "The prompt is empty"), ("break", "Drawing failed")],
)
def test_a_failure_is_a_sentence_on_the_page(page, prompt, sentence):
    page.write(prompt)
    page.click("generate")
    page.wait_for(lambda: sentence in page.status)
    assert page.prompt == prompt


@pytest.mark.browser
def test_stop_stops(page):
    page.write("a cat")
    page.click("generate")
    page.wait_for(lambda: "%" in page.status)
    page.click("stop")
    page.wait_for(lambda: "Stopped" in page.status)
    time.sleep(2)  # longer than the rest of the run would have taken
    assert "Stopped" in page.status
    assert page.prompt == "a cat"
