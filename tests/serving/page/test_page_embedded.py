"""The page in a frame of a page of another origin."""

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import expect

from dalle.serving.page.sharing.export import write_snippets

pytestmark = pytest.mark.browser

PROMPT = "a cat in a frame"
BLOG = Path(__file__).parents[2] / "fakes" / "embedding.html"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a line for each on the terminal."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def blog(quick_app, tmp_path_factory):
    """The address of a page that shows the app in a frame."""
    folder = tmp_path_factory.mktemp("blog")
    snippet = write_snippets(f"{quick_app}/", "Fake", prompt=PROMPT)["iframe"]
    page = BLOG.read_text("utf-8").replace("<!-- iframe -->", snippet)
    (folder / "blog.html").write_text(page, "utf-8")
    handler = functools.partial(Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/blog.html"
    server.shutdown()
    server.server_close()


@pytest.fixture
def view(browser, blog):
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    context.set_default_timeout(60_000)
    view = context.new_page()
    view.add_init_script(
        "window.told = []; addEventListener('message', ({ data }) => "
        "data.ninefoldHeight && told.push(data.ninefoldHeight));"
    )
    view.goto(blog)
    yield view
    context.close()


@pytest.fixture
def frame(view):
    frame = view.frame_locator("#frame iframe")
    # The prompt comes with an answer of the server.
    expect(frame.locator("#prompt textarea")).to_have_value(PROMPT, timeout=60_000)
    view.wait_for_function("() => document.querySelector('iframe').style.height")
    return frame


def height(view) -> float:
    return view.locator("iframe").bounding_box()["height"]


def test_the_frame_draws_and_the_page_around_it_stands_still(view, frame):
    before = height(view)
    frame.get_by_role("button", name="Generate", exact=True).click()
    frame.locator(".nf-tile").nth(8).wait_for()
    frame.locator(".nf-line", has_text="Done").wait_for()
    view.wait_for_timeout(500)  # for a height that would be told now
    assert abs(height(view) - before) <= 16
    told = view.evaluate("told")
    assert max(told) - min(told) <= 16, told
    # High enough for all of it, and not much higher.
    last = frame.locator(".nf-notice").bounding_box()
    box = view.locator("iframe").bounding_box()
    assert 0 <= (box["y"] + box["height"]) - (last["y"] + last["height"]) <= 60


def test_the_frame_shows_prompt_and_pictures_and_a_way_to_the_whole_page(view, frame, quick_app):
    assert frame.locator(".nf-words").inner_text() == "Ready when you are."
    assert not frame.locator(".gr-accordion").first.is_visible()
    assert not frame.locator("h1").is_visible()
    assert frame.locator(".nf-notice").is_visible()
    frame.get_by_role("button", name="Generate", exact=True).click()
    whole = frame.get_by_role("link", name="Open the whole page")
    whole.wait_for()
    assert whole.get_attribute("href").startswith(f"{quick_app}/?prompt=a+cat+in+a+frame&seed=")
    assert not frame.get_by_role("button", name="Share", exact=True).is_visible()


def test_the_page_around_keeps_its_looks(view, frame):
    style = view.evaluate(
        "() => { const { margin, backgroundColor } = getComputedStyle(document.body); "
        "return [margin, backgroundColor]; }"
    )
    assert style == ["40px 100px", "rgb(253, 246, 227)"]
