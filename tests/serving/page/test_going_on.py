"""Going on with a picture in a real browser: four buttons, one's own picture, steps back, links."""

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.fakes.pictures import encode
from tests.serving.page.test_page_access import TARGETS, violations

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("own") / "photo.png"
    Image.new("RGB", (120, 80), (10, 200, 90)).save(path)
    return path


@pytest.fixture
def page(visit, quick_app):
    page = visit(quick_app)
    yield page
    assert page.mistakes == []


def open_first(page, prompt: str = "a cat") -> None:
    page.generate(prompt)
    page.tiles.first.click()


def begin(page, photo: Path) -> None:
    page.view.locator("#begin input").set_input_files(photo)
    page.wait_for(".nf-pair", "as the model reads it")


def wait_for_new(page) -> None:
    page.wait_for_status("Done")
    page.view.locator(".nf-run").first.locator(".nf-source").wait_for()


def test_more_like_this_and_back(page):
    open_first(page)
    page.press("More like this")
    slider = page.view.locator(".nf-wish input[type=range]")
    slider.fill("0")
    assert page.view.locator(".nf-wish output").inner_text() == "nearly the same"
    page.forget_status()
    page.press("Draw nine")
    wait_for_new(page)
    newest = page.view.locator(".nf-run").first
    assert newest.locator(".nf-tile").count() == 9
    newest.locator(".nf-source", has_text="More like this one").click()
    source = page.view.locator(".nf-run").nth(1)
    source.locator(".nf-large:not([hidden])").wait_for()


def test_an_edit_is_painted_by_pointer_and_by_keyboard(page):
    open_first(page)
    page.press("Edit")
    generate = page.view.get_by_role("button", name="Draw nine")
    assert generate.is_disabled()
    canvas = page.view.locator(".nf-paint canvas")
    box = canvas.bounding_box()
    page.view.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 5)
    page.view.mouse.down()
    page.view.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 5, steps=12)
    page.view.mouse.up()
    page.wait_for(".nf-wish", "4 of 64 parts change")
    canvas.focus()
    for key in ("ArrowDown", " ", "ArrowRight", " "):
        canvas.press(key)
    page.wait_for(".nf-wish", "6 of 64 parts change")
    page.view.get_by_label("What should be there instead?").fill("a dog")
    page.forget_status()
    generate.click()
    wait_for_new(page)
    newest = page.view.locator(".nf-run").first
    newest.locator(".nf-tile").first.click()
    changed = Image.open(io.BytesIO(page.download("Download PNG")))
    assert changed.size == (64, 64)
    assert newest.get_attribute("aria-label") == "a dog"


def test_a_picture_grows_and_becomes_larger(page):
    open_first(page)
    page.press("Extend")
    page.forget_status()
    page.press("Right →")
    wait_for_new(page)
    page.view.locator(".nf-run").first.locator(".nf-tile").first.click()
    page.press("Larger")
    page.forget_status()
    page.press("2 times: 192 × 128")
    wait_for_new(page)
    newest = page.view.locator(".nf-run").first
    size = newest.locator(".nf-large > img").evaluate(
        "async image => (await image.decode(), [image.naturalWidth, image.naturalHeight])"
    )
    assert size == [192, 128]


def test_a_tile_is_shown_repeated(page):
    open_first(page)
    page.press("Extend")
    page.forget_status()
    page.press("A tile that repeats")
    wait_for_new(page)
    newest = page.view.locator(".nf-run").first
    newest.locator(".nf-source", has_text="A tile of this one").wait_for()
    newest.locator(".nf-tile").first.click()
    page.press("See it repeated")
    assert newest.locator(".nf-repeated img").count() == 4
    page.press("See it repeated")
    newest.locator(".nf-large > img").wait_for()


def test_ones_own_picture_is_shown_as_it_is_read_and_then_varied(page, photo):
    begin(page, photo)
    assert page.view.locator(".nf-pair img").count() == 2
    page.wait_for(".nf-run", "reads the picture roughly")
    page.press("More like this")
    page.forget_status()
    page.press("Draw nine")
    wait_for_new(page)
    page.wait_for(".nf-run", "A link can't hold your own picture")
    page.view.locator(".nf-source").first.click()
    page.view.locator(".nf-pair").wait_for()


def test_a_photo_that_is_far_too_large_is_made_smaller_here(page, tmp_path):
    path = tmp_path / "large.jpg"
    Image.new("RGB", (8000, 5000), (200, 30, 30)).save(path)
    begin(page, path)


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"only a text", "notes.txt", "This file is no picture that your browser can read"),
        (b"only a text", "notes.png", "The file's first bytes are of no known picture"),
        (encode(Image.new("RGB", (1, 1))), "dot.png", "The picture has 1 x 1 pixels; give one of"),
        (encode(Image.new("RGBA", (40, 40))), "glass.png", "The picture is transparent in places"),
    ],
    ids=lambda value: str(value)[-12:],
)
def test_a_picture_that_cannot_be_used_is_one_sentence_and_nothing_is_lost(
    page, tmp_path, content, name, sentence
):
    open_first(page)
    (tmp_path / name).write_bytes(content)
    page.view.locator("#begin input").set_input_files(tmp_path / name)
    page.wait_for(".nf-status, .nf-note", sentence)
    assert page.view.locator(".nf-large:not([hidden])").count() == 1
    assert page.prompt == "a cat"


def test_a_link_generates_the_whole_chain_again(page, visit, quick_app):
    page.view.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_first(page)
    page.press("More like this")
    page.forget_status()
    page.press("Draw nine")
    wait_for_new(page)
    newest = page.view.locator(".nf-run").first
    newest.locator(".nf-tile").first.click()
    first = page.download("Download PNG")
    newest.locator(".nf-large").get_by_role("button", name="Copy picture link").click()
    page.wait_for_note("Copied.")
    link = page.view.evaluate("navigator.clipboard.readText()")
    other = visit(link)
    wait_for_new(other)
    again = other.download("Download PNG")
    pixels = [
        Image.open(io.BytesIO(content)).convert("RGB").tobytes() for content in (first, again)
    ]
    assert pixels[0] == pixels[1]


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark")])
def test_every_form_is_for_everyone_and_nothing_sticks_out(visit, quick_app, photo, width, scheme):
    page = visit(quick_app, viewport={"width": width, "height": 844}, color_scheme=scheme)
    open_first(page)
    for name in ("More like this", "Edit", "Extend", "Larger"):
        page.press(name)
        page.view.locator(".nf-way:not([hidden])").first.wait_for()
        assert violations(page) == [], name
        assert page.view.evaluate(TARGETS) == [], name
        assert page.view.evaluate("document.documentElement.scrollWidth") <= width, name
    begin(page, photo)
    assert violations(page) == []
    assert page.view.evaluate("document.documentElement.scrollWidth") <= width
    assert page.mistakes == []


def test_a_refused_wish_is_told_in_its_form_and_nowhere_else(page):
    open_first(page)
    page.press("More like this")
    field = page.view.locator(".nf-wish").get_by_label("What shall I draw?")
    field.fill("a naked woman")
    page.press("Draw nine")
    page.wait_for(".nf-way .nf-error", "This prompt seems to ask for nudity or sex")
    assert page.status == ""
    assert "nudity" in page.view.locator(".nf-spoken").text_content()
    field.fill("a cat")
    page.press("Draw nine")
    wait_for_new(page)
    assert page.view.locator(".nf-error").count() == 0
