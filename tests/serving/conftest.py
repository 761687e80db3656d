"""A server in a process of its own, and a real browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BROWSER_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1280,1400",
)  # fmt: skip
PATIENCE = 90  # seconds until a test gives up


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """The address of a server that `python *arguments` starts on $PORT."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"PORT": str(port)}
    server = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(10 * PATIENCE):
            assert server.poll() is None, "the server ended by itself"
            try:
                urllib.request.urlopen(address).close()
                break
            except OSError:  # not listening yet
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()


def open_browser():
    """A headless Chromium."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in BROWSER_FLAGS:
        options.add_argument(flag)
    return webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))


@pytest.fixture(scope="session")
def browser():
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("there is no chromium with chromedriver on this machine")
    driver = open_browser()
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def quick_app() -> Iterator[str]:
    """The address of an app whose pipeline draws plain squares at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECONDS_PER_FRAME", "0.02")
        with serving("-m", "tests.serving.fake") as address:
            yield address


class Page:
    """The page as a visitor sees it."""

    def __init__(self, browser, address: str) -> None:
        self.browser = browser
        browser.get(address)
        self.wait_for(lambda: self.find("textarea"))

    def find(self, selector: str) -> list:
        return self.browser.find_elements("css selector", selector)

    def wait_for(self, condition: Callable) -> None:
        for _ in range(10 * PATIENCE):
            if condition():
                return
            time.sleep(0.1)
        raise AssertionError(self.browser.find_element("tag name", "body").text)

    @property
    def status(self) -> str:
        return self.find("#status")[0].text

    @property
    def tiles(self) -> list:
        return self.find("#pictures .grid-wrap img")

    @property
    def seed(self) -> str:
        return self.find("#used textarea, #used input")[0].get_attribute("value")

    @property
    def prompt(self) -> str:
        return self.find("textarea")[0].get_attribute("value")

    def write(self, text: str) -> None:
        box = self.find("textarea")[0]
        box.clear()
        box.send_keys(text)

    def click(self, name: str) -> None:
        self.find(f"#{name}")[0].click()
