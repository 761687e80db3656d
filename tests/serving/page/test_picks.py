"""The owner's gallery: what is shown of a folder, and what is left out with a sentence."""

import io
import logging
import os
import zlib
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dalle.errors import PromptRefused
from dalle.safety.pictures.checker import PictureChecker
from dalle.safety.prompts.filter import PromptFilter
from dalle.safety.provenance.marker import Marker
from dalle.serving.page import picks
from dalle.serving.page.picks import MOST, read_picks
from dalle.settings import SettingsError
from tests.serving.conftest import serving
from tests.serving.page.test_page_access import keep_screenshot, violations

RECIPE = {
    "model": "nano", "revision": "1", "prompt": "a red cat", "seed": 7, "candidate": 3,
    "settings": {"candidates": 16, "condition_scale": 2.0, "temperature": 1.0},
}  # fmt: skip
HARMLESS = PictureChecker(load=lambda: lambda pixels: float(pixels[0, 0, 0] == 255))


def put(folder: Path, name: str, side: int = 64, red: int = 20, **more: object) -> bytes:
    """A file as it is downloaded here; `more` are fields of its recipe."""
    image = Image.new("RGB", (side, side), (red, 90, 40))
    content = Marker().encode(image, RECIPE | more, keep_prompt=True)
    (folder / name).write_bytes(content)
    return content


def read(folder: Path) -> tuple[picks.Pick, ...]:
    return read_picks(str(folder), PromptFilter.load("standard").require, HARMLESS)


def test_a_folder_of_downloads_is_shown_in_the_order_of_its_names(tmp_path, caplog):
    put(tmp_path, "b.png", side=1400, prompt="a blue dog")
    put(tmp_path, "a.PNG")
    (tmp_path / "README.md").write_text("mine")
    first, second = read(tmp_path)
    assert (first.prompt, second.prompt) == ("a red cat", "a blue dog")
    assert first.made == "drawn by nano with seed 7"
    assert first.small == "picks/1-small.webp"
    with Image.open(io.BytesIO(second.picture)) as shown:
        assert shown.size == (1024, 1024)
        assert b"trainedAlgorithmicMedia" in shown.info["xmp"]
    with Image.open(io.BytesIO(second.thumbnail)) as shown:
        assert shown.size == (300, 300)
    assert caplog.messages == []


def test_nothing_else_of_a_file_is_shown(tmp_path):
    put(tmp_path, "a.png", note="at home in Elm Street")
    content = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(content + b"<script>alert(1)</script>")
    (pick,) = read(tmp_path)
    assert b"Elm Street" in content
    for shown in (pick.picture, pick.thumbnail):
        assert b"Elm Street" not in shown
        assert b"<script>" not in shown


def bomb() -> bytes:
    """A PNG file of 900 megapixels in a few kilobytes."""
    side = 30_000
    head = b"\x89PNG\r\n\x1a\n"

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + crc

    size = side.to_bytes(4, "big")
    rows = zlib.compress(bytes(1_000_000))
    ihdr = chunk(b"IHDR", size * 2 + b"\x08\x00\x00\x00\x00")
    return head + ihdr + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def plain_png(**text: str) -> bytes:
    notes, encoded = PngInfo(), io.BytesIO()
    for name, value in text.items():
        notes.add_text(name, value)
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(encoded, "PNG", pnginfo=notes)
    return encoded.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "bad.png is left out of the gallery: "),
        (b"no picture", "bad.png is left out of the gallery: "),
        (bomb(), "bad.png is left out of the gallery: "),
        (bytes(5 * 2**20), "at most 4 "),
        (plain_png(), "it holds no recipe; choose a PNG file as it was downloaded here"),
        (plain_png(ninefold="[" * 100_000), "it holds no recipe"),
        (plain_png(ninefold='{"seed": {"a": 1}, "prompt": "a cat"}'), "must be a whole number"),
        (plain_png(ninefold='{"seed": 1, "prompt": "a cat", "settings": 5}'), "it holds no recipe"),
        (plain_png(ninefold='{"seed": 1, "prompt": "a cat", "edited_from": 5}'), "left out"),
        (Marker().encode(Image.new("RGB", (64, 64)), RECIPE), "its prompt is not in the file"),
    ],
)  # fmt: skip
def test_a_bad_file_is_one_sentence_and_the_others_are_shown(tmp_path, caplog, content, sentence):
    (tmp_path / "bad.png").write_bytes(content)
    put(tmp_path, "good.png")
    with caplog.at_level(logging.WARNING):
        assert [pick.prompt for pick in read(tmp_path)] == ["a red cat"]
    (message,) = caplog.messages
    assert message.startswith("bad.png is left out of the gallery: ")
    assert sentence in message


def test_refused_prompts_and_pictures_are_left_out(tmp_path, caplog):
    put(tmp_path, "a.png", red=255)
    put(tmp_path, "b.png", prompt="a naked child")
    with pytest.raises(PromptRefused):
        PromptFilter.load("standard").require("a naked child")
    with caplog.at_level(logging.WARNING):
        assert read(tmp_path) == ()
    assert len(caplog.messages) == 2
    assert "naked" not in caplog.text


def test_there_is_an_end_to_it(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(picks, "MOST", 3)
    for number in range(5):
        put(tmp_path, f"{number}.png", seed=number)
    with caplog.at_level(logging.WARNING):
        assert len(read(tmp_path)) == 3
    assert caplog.messages == ["the gallery has 5 pictures; the first 3 are shown"]
    assert MOST == 60


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError, match=r"NINEFOLD_PICKS is '.*nowhere'; it must be a folder"):
        read(tmp_path / "nowhere")


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    """The address of an app with a gallery of twelve."""
    folder = tmp_path_factory.mktemp("picks")
    for number in range(12):
        put(folder, f"{number:02}.png", side=256, seed=number, prompt=f"a red cat, take {number}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NINEFOLD_PICKS", str(folder))
        patch.setenv("SECONDS_PER_FRAME", "0.02")
        with serving("-m", "tests.fakes.owners_engine") as address:
            patch.undo()
            yield address


@pytest.mark.browser
def test_a_visitor_looks_at_the_gallery(visit, gallery):
    page = visit(gallery)
    shelves = page.view.locator(".nf-examples h2").all_inner_texts()
    assert shelves == ["Picked by the owner of this page", "Try one of these"]
    assert violations(page) == []
    keep_screenshot(page, "picks")
    page.press("Show all 12")
    page.view.locator(".nf-examples button", has_text="take 11").click()
    page.wait_for(".nf-small", "Picked by the owner of this page, drawn by nano with seed 11.")
    sheet = page.view.locator(".nf-sheet")
    assert sheet.evaluate("async image => (await image.decode(), image.naturalWidth)") == 256
    assert page.prompt == "a red cat, take 11"
    page.view.locator(".nf-examples button").last.scroll_into_view_if_needed()
    page.press("Generate")
    page.wait_for_status("Done")
    assert page.mistakes == []


def test_only_what_is_shown_has_an_address(gallery):
    answer = httpx.get(f"{gallery}/picks/1-small.webp")
    assert answer.headers["content-type"] == "image/webp"
    for path in ("picks/0.webp", "picks/00.png", "picks/..%2F00.png", "picks/"):
        assert httpx.get(f"{gallery}/{path}").status_code == 404


def test_the_owners_folder_is_not_told(gallery):
    assert "pytest" not in httpx.get(f"{gallery}/about").text


@pytest.mark.browser
def test_by_default_there_is_no_gallery(visit, quick_app):
    page = visit(quick_app)
    assert page.view.locator(".nf-examples h2").all_inner_texts() == ["Try one of these"]
    assert httpx.get(f"{quick_app}/picks/1.webp").status_code == 404
    assert "NINEFOLD_PICKS" not in os.environ
