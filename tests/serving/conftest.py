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
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, sync_playwright

ROOT = Path(__file__).parents[2]
BROWSER_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE = 180  # seconds until a test gives up


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """The address of a server that `python *arguments` starts on $PORT."""
    with running(*arguments) as (address, _):
        yield address


@contextmanager
def running(*arguments: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """The same, with its process."""
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
        yield address, server
    finally:
        server.terminate()
        try:
            server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            server.kill()
            raise


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless Chromium: the system's own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(BROWSER_FLAGS)
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not shutil.which("chromium"):
        pytest.skip("there is no chromium on this machine")
    with open_browser() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable]:
    """Opens an address as a visitor of its own: `visit(address, **context)` is a Page."""
    contexts = []

    def visit(address: str, **options: Any) -> "Page":
        size = {"width": 1280, "height": 900}
        # Nothing moves, or its place would be measured on the way.
        still = {"viewport": size, "reduced_motion": "reduce"}
        contexts.append(browser.new_context(**still | options))
        return Page(contexts[-1], address)

    yield visit
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a page whose pipeline draws plain squares, slowly enough to be watched."""
    with serving("-m", "tests.fakes.engine") as address:
        yield address


@pytest.fixture(scope="session")
def quick_app() -> Iterator[str]:
    """The address of an app whose pipeline draws plain squares at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECONDS_PER_FRAME", "0.02")
        with serving("-m", "tests.fakes.engine") as address:
            yield address


class Page:
    """The page as a visitor sees it; `view` is Playwright's page, or a frame of it."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        context.set_default_timeout(1000 * PATIENCE)
        self.view = context.new_page()
        self.mistakes: list[str] = []  # that the scripts made
        self.view.on("pageerror", lambda error: self.mistakes.append(str(error)))
        self.open(address)

    def open(self, address: str) -> None:
        self.view.goto(address)
        self.box.wait_for()
        # The scripts are there once the status line has its words.
        self.view.locator(".nf-words:not(:empty)").wait_for()
        self.view.get_by_text("Loading...").first.wait_for(state="hidden")  # gradio's own

    @property
    def box(self) -> Locator:
        return self.view.locator("#prompt textarea")

    @property
    def prompt(self) -> str:
        return self.box.input_value()

    @property
    def status(self) -> str:
        return self.view.locator(".nf-line").inner_text().strip()

    @property
    def note(self) -> str:
        return self.view.locator(".nf-note").inner_text()

    @property
    def tiles(self) -> Locator:
        return self.view.locator(".nf-tile")

    def picture(self, number: int = 1) -> tuple[int, int]:
        """Seed and candidate of a tile, counted from 1."""
        tile = self.tiles.nth(number - 1)
        return int(tile.get_attribute("data-seed")), int(tile.get_attribute("data-candidate"))

    def pictures(self) -> list[tuple[int, int]]:
        """Seeds and candidates of all tiles."""
        return [self.picture(number + 1) for number in range(self.tiles.count())]

    def value(self, knob: str) -> str:
        """What a control of the advanced settings says; the fold is opened for it."""
        self.unfold("Settings")
        return self.view.locator(f"#{knob} :is(textarea, input)").first.input_value()

    def unfold(self, title: str) -> None:
        fold = self.view.locator(".gr-accordion > button", has_text=title)
        if fold.get_attribute("aria-expanded") != "true":
            fold.click()
            # gradio builds what was folded only now, and then fills its values in once more: what
            # is typed in the same moment, as no person could, is lost.
            self.view.wait_for_timeout(500)

    def more(self) -> None:
        """Opens what else can be done with the first run."""
        self.view.locator(".nf-more-actions summary").first.click()

    def press(self, name: str) -> None:
        """Clicks the button of that name."""
        self.view.get_by_role("button", name=name, exact=True).first.click()

    def generate(self, prompt: str) -> None:
        """Writes a prompt, presses Enter and waits for the end."""
        self.box.fill(prompt)
        self.forget_status()
        self.box.press("Enter")
        self.wait_for_status("Done")

    def forget_status(self) -> None:
        """Empties the status line, so that words of an earlier run are not waited for."""
        self.view.locator(".nf-words").evaluate("words => { words.textContent = ''; }")

    def wait_for_status(self, words: str) -> None:
        self.wait_for(".nf-line", words)

    def wait_until_nobody_waits(self) -> None:
        """Until the server has no request left, and the browser all that was said about them."""
        self.view.wait_for_function(
            """async () => (await (await fetch("/metrics")).text())
                .includes("\\nninefold_queue_requests 0.0\\n")"""
        )

    def wait_for_note(self, words: str) -> None:
        self.wait_for(".nf-note", words)

    def wait_for(self, selector: str, words: str) -> None:
        self.view.locator(selector, has_text=words).first.wait_for()

    def download(self, name: str) -> bytes:
        """What the button of that name saves."""
        with self.view.expect_download() as download:
            self.press(name)
        return Path(download.value.path()).read_bytes()
