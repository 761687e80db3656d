"""Both forms of embedding, in a page of another origin."""

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import gradio
import pytest

from dalle.serving.embed import SCRIPT, write_snippets
from tests.serving.conftest import serving

pytestmark = pytest.mark.browser

BLOG = Path(__file__).with_name("embedding.html")
FRONTEND = Path(gradio.__file__).parent / "templates" / "frontend"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a line for each on the terminal, to scripts of any origin."""

    def log_message(self, *_: object) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()


@pytest.fixture(scope="module")
def host():
    """Serves files of a folder on a port of its own: `host(folder)` is the address."""
    servers = []

    def host(folder: Path) -> str:
        handler = functools.partial(Quiet, directory=str(folder))
        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield host
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def blog(host, tmp_path_factory):
    """The address of a page that embeds the app twice."""
    with serving("-m", "tests.serving.fake") as address:
        snippets = write_snippets(f"{address}/", "Fake", prompt="a cat in a frame")
        component = write_snippets(f"{address}/", "Fake", prompt='a "component" cat')["component"]
        # The published script is not on this machine; the package has the same one.
        component = component.replace(SCRIPT, f"{host(FRONTEND)}/gradio.js")
        page = BLOG.read_text("utf-8").replace("<!-- iframe -->", snippets["iframe"])
        folder = tmp_path_factory.mktemp("blog")
        (folder / "blog.html").write_text(page.replace("<!-- component -->", component), "utf-8")
        yield f"{host(folder)}/blog.html"


@pytest.fixture
def view(browser, blog):
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    context.set_default_timeout(60_000)
    view = context.new_page()
    view.on("console", lambda message: print("console:", message.text))
    view.goto(blog)
    yield view
    context.close()


def draw_in(part) -> None:
    """Clicks Generate in a part of the page and waits for its nine pictures."""
    part.get_by_role("button", name="Generate", exact=True).click()
    part.locator(".nf-line", has_text="Done").wait_for()
    assert part.locator(".nf-tile").count() == 9


def test_the_frame_draws_and_grows(view):
    frame = view.frame_locator("#frame iframe")
    frame.locator(".nf-words", has_text="restored").wait_for()
    assert frame.locator("#prompt textarea").input_value() == "a cat in a frame"
    before = view.locator("iframe").bounding_box()["height"]
    draw_in(frame)
    view.wait_for_function(
        "before => document.querySelector('iframe').offsetHeight > before + 300", arg=before
    )
    # High enough for all of it, not much higher, and it stays so.
    view.wait_for_timeout(1000)
    last = frame.locator(".nf-rank").bounding_box()
    box = view.locator("iframe").bounding_box()
    assert 0 <= (box["y"] + box["height"]) - (last["y"] + last["height"]) <= 60
    view.wait_for_timeout(1000)
    assert view.locator("iframe").bounding_box() == box


def test_the_frame_shows_prompt_and_pictures_only(view):
    frame = view.frame_locator("#frame iframe")
    frame.locator(".nf-words", has_text="restored").wait_for()
    assert not frame.locator(".gr-accordion").first.is_visible()
    assert not frame.locator("h1").is_visible()
    assert frame.locator(".nf-notice").is_visible()


def test_the_component_draws(view):
    component = view.locator("#component")
    component.locator(".nf-words", has_text="restored").wait_for()
    assert component.locator("#prompt textarea").input_value() == 'a "component" cat'
    assert not component.locator("h1").is_visible()
    draw_in(component)
    component.locator(".nf-tile").first.click()
    component.locator(".nf-large figcaption").wait_for()
    view.get_by_role("heading", name="Somebody's blog").wait_for()  # the page around is still there
