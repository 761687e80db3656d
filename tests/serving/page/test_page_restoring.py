"""Links, files and the browser's history bring settings back."""

import base64
import json

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.serving.conftest import serving

pytestmark = pytest.mark.browser

DROP = """([selector, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], "picture.png", { type: "image/png" }));
  const event = { bubbles: true, cancelable: true, dataTransfer: data };
  document.querySelector(selector).dispatchEvent(new DragEvent("drop", event));
}"""
LINK = "prompt=a+dog+%26+a+cat&seed=42&candidates=20&condition_scale=3.5&top_p=0.9"
STILL = f"{LINK}&run=0"


def drop(page, content: bytes) -> None:
    page.view.evaluate(DROP, [".nf-notice", base64.b64encode(content).decode()])


def test_a_link_restores_and_generates_nothing(visit, address):
    page = visit(f"{address}/?{STILL}")
    page.wait_for_status("The settings of this link are restored; press Generate to draw.")
    assert page.prompt == "a dog & a cat"
    knobs = ("seed", "candidates", "condition_scale", "top_p")
    assert [page.value(knob) for knob in knobs] == ["42", "20", "3.5", "0.9"]
    assert page.tiles.count() == 0


def test_a_rare_setting_is_there_only_where_a_link_brings_it(visit, address):
    page = visit(address)
    assert page.value("temperature") == "1"
    assert page.view.locator("#top_p").count() == page.view.locator("#top_k").count() == 0
    page.open(f"{address}/?{STILL}&top_k=256")
    page.wait_for_status("The settings of this link are restored")
    assert page.value("top_p") == "0.9"
    assert page.view.locator("#top_k").count() == 0  # as usual
    page.generate("a cat")
    assert "top_p=0.9" in page.view.evaluate(
        "() => JSON.parse(localStorage['ninefold.history'])[0].query"
    )


def test_a_links_words_are_not_repeated(visit, address):
    page = visit(f"{address}/?{STILL}&model=call+this+number")
    page.wait_for_status("Another model drew it: … (here fake).")
    assert "call" not in page.status


def test_a_link_shows_its_pictures_at_once(visit, address):
    page = visit(f"{address}/?{LINK}")
    page.wait_for_status("Done")
    assert page.tiles.count() == 9
    assert page.picture()[0] == 42
    assert page.value("seed") == ""  # the next Generate takes a new one


def test_a_link_works_after_a_restart(visit):
    with serving("-m", "tests.fakes.engine") as address:
        page = visit(address)
        page.generate("a cat")
        pictures = page.pictures()
    query = "prompt=a+cat&seed=11&run=1"
    with serving("-m", "tests.fakes.engine") as address:
        page.open(f"{address}/?{query}")
        page.wait_for_status("Done")
        assert page.pictures() == pictures


def test_a_link_from_another_model_says_so(visit, address):
    page = visit(f"{address}/?{STILL}&model=mega&precision=bfloat16")
    page.wait_for_status(
        "Another model drew it: mega (here fake). It was drawn in another precision: bfloat16 "
        "(here float32). Pictures drawn here will differ from it."
    )


def test_a_broken_link_is_a_sentence(visit, address):
    page = visit(f"{address}/?prompt=a+cat&seed=lucky")
    page.wait_for_status("The link says seed=lucky, and it must be a whole number")
    page.generate("a dog")


@pytest.mark.parametrize("ticked", [True, False])
def test_a_dropped_picture_restores_its_settings(visit, address, ticked):
    page = visit(f"{address}/?{STILL}")
    page.wait_for_status("The settings of this link are restored")
    if not ticked:  # it is by default
        page.unfold("Settings")
        page.view.get_by_label("Save the prompt in downloads").uncheck()
    page.press("Generate")
    page.wait_for_status("Done")
    page.tiles.nth(0).click()
    picture = page.download("Download PNG")
    other = visit(address)
    other.box.fill("something else")
    drop(other, picture)
    other.wait_for_status("The settings of this picture are restored")
    # A prompt that is not in the file leaves what is in the box.
    assert other.prompt == ("a dog & a cat" if ticked else "something else")
    assert other.value("seed") == "42"
    assert other.value("candidates") == "20"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"GIF89a", "The file's first bytes are of no known picture"),
        # It is begun with, and too small.
        (None, "The picture has 8 x 8 pixels; give one of at least 16"),
    ],
)
def test_another_file_is_a_sentence(visit, address, tmp_path, content, sentence):
    if content is None:
        Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
        content = (tmp_path / "plain.png").read_bytes()
    page = visit(address)
    page.box.fill("a cat")
    drop(page, content)
    page.wait_for(".nf-line, .nf-note", sentence)
    assert page.prompt == "a cat"


def test_a_chosen_picture_from_another_model_says_so(visit, address, tmp_path):
    settings = {"seed": 5, "candidates": 16}
    recipe = {"prompt": "a fox", "seed": 5, "model": "mega", "candidate": 3, "settings": settings}
    text = PngInfo()
    text.add_text("ninefold", json.dumps(recipe))
    Image.new("RGB", (8, 8)).save(tmp_path / "fox.png", pnginfo=text)
    page = visit(address)
    page.unfold("History")
    page.view.locator(".nf-reader input").set_input_files(tmp_path / "fox.png")
    page.wait_for(".nf-verdict", "Checked ")
    page.wait_for(".nf-verdict", "Another model drew it: mega (here fake). Pictures drawn")
    page.wait_for_status("The settings of this picture are restored")
    assert page.prompt == "a fox"


def test_a_result_of_history_is_shown_small_and_drawn_again_by_a_click(visit, address):
    page = visit(address)
    page.generate("a cat")
    page.view.wait_for_function("JSON.parse(localStorage['ninefold.history'])[0].sheet")
    other = page.view.context.new_page()  # with the same history, and no pictures
    page.view.close()
    page.view = other
    page.open(address)
    page.unfold("History")
    page.view.locator(".nf-memory", has_text="a cat").click()
    page.view.locator(".nf-growing li").nth(8).wait_for()  # small, and nothing is drawn
    page.wait_for_status("The settings of this result are restored")
    assert page.prompt == "a cat"
    assert page.tiles.count() == 0
    page.press("Draw these again")
    page.wait_for_status("Done")
    assert page.picture() == (11, 15)
    assert page.value("seed") == ""


def test_history_is_the_browsers_own_and_restores(visit, address):
    page = visit(address)
    page.generate("a cat")
    page.generate("a dog")
    page.open(address)
    page.unfold("History")
    page.view.locator(".nf-memory").first.wait_for()
    assert page.view.locator(".nf-memory").all_inner_texts() == ["a dog", "a cat"]
    page.view.locator(".nf-memory", has_text="a cat").click()
    page.wait_for_status("The settings of this result are restored")
    assert page.prompt == "a cat"
    assert page.value("seed") == ""
    page.press("Forget all")
    page.wait_for(".nf-past", "Nothing yet.")
    assert page.tiles.count() == 0
    assert page.view.evaluate("localStorage.getItem('ninefold.history')") == "[]"
