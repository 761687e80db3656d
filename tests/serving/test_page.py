"""The page in a real browser, and its API from another process, with a fake pipeline behind."""

import json
import time

import pytest
from PIL import Image

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


def test_a_program_gets_pictures_with_their_recipes(address):
    from gradio_client import Client

    client = Client(address, verbose=False)
    pictures, recipe = client.predict(prompt="a cat", seed=7, keep=4, api_name="/generate")
    assert recipe["seed"] == 7
    assert [picture["candidate"] for picture in recipe["pictures"]] == [15, 14, 13, 12]
    assert len(pictures) == 4
    with Image.open(pictures[0]["image"]) as image:
        assert image.getpixel((0, 0)) == (7, 240, 0)
        assert json.loads(image.text["ninefold"])["candidate"] == 15


def test_a_programs_mistake_is_a_sentence(address):
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    client = Client(address, verbose=False)
    with pytest.raises(AppError, match="keep is 99; it must be a whole number from 1"):
        client.predict(prompt="a cat", keep=99, api_name="/generate")
