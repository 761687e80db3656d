"""The page in a real browser, and its API from another process, with a fake pipeline behind."""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
BROWSER_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1280,1400",
)  # fmt: skip
PATIENCE = 60  # seconds until a test gives up on the page


@pytest.fixture(scope="module")
def address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "tests.serving.fake", str(port)], cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    for _ in range(10 * PATIENCE):
        try:
            urllib.request.urlopen(address).close()
            break
        except OSError:
            assert server.poll() is None, "the server ended by itself"
            time.sleep(0.1)
    yield address
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def browser():
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("there is no chromium with chromedriver on this machine")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in BROWSER_FLAGS:
        options.add_argument(flag)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, address):
    browser.get(address)
    wait_for(browser, lambda: browser.find_elements("css selector", "textarea"))
    return browser


def wait_for(browser, condition):
    for _ in range(10 * PATIENCE):
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(browser.find_element("tag name", "body").text)


def status(page) -> str:
    return page.find_element("id", "status").text


def tiles(page) -> list:
    return page.find_elements("css selector", "#pictures .grid-wrap img")


def write(page, text: str) -> None:
    box = page.find_element("css selector", "textarea")
    box.clear()
    box.send_keys(text)


@pytest.mark.browser
def test_generate_fills_in_previews_then_nine_pictures(page):
    write(page, "a cat")
    page.find_element("id", "generate").click()
    wait_for(page, lambda: "%" in status(page))
    wait_for(page, lambda: page.find_elements("css selector", "#preview img"))
    wait_for(page, lambda: "kept the best 9" in status(page))
    wait_for(page, lambda: len(tiles(page)) == 9)
    used = page.find_element("css selector", "#used textarea, #used input")
    assert used.get_attribute("value") == "11"


@pytest.mark.browser
def test_enter_generates_and_the_prompt_stays(page):
    write(page, "a dog\n")
    wait_for(page, lambda: "kept the best 9" in status(page))
    assert page.find_element("css selector", "textarea").get_attribute("value") == "a dog"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [("fail", "This prompt fails"), (" ", "The prompt is empty"), ("break", "Drawing failed")],
)
def test_a_failure_is_a_sentence_on_the_page(page, prompt, sentence):
    write(page, prompt)
    page.find_element("id", "generate").click()
    wait_for(page, lambda: sentence in status(page))


@pytest.mark.browser
def test_stop_stops(page):
    write(page, "a cat")
    page.find_element("id", "generate").click()
    wait_for(page, lambda: "%" in status(page))
    page.find_element("id", "stop").click()
    wait_for(page, lambda: "Stopped" in status(page))
    time.sleep(2)  # longer than the rest of the run would have taken
    assert "Stopped" in status(page)


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
