"""The page for everyone: axe-core, targets, widths, both themes, and pictures of it to look at."""

import io
import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from tests.serving.conftest import ROOT

pytestmark = pytest.mark.browser

SCREENSHOTS = ROOT / ".screenshots"  # not in the repository: look at each
SMALLEST_TARGET = 44  # pixels, WCAG 2.5.5
# What can be clicked, but for links inside sentences and what gradio keeps at its own foot.
TARGETS = """() => [...document.querySelectorAll("main button, main input, main textarea, main a")]
  .filter((node) => node.offsetParent && !node.closest("p"))
  .map((node) => (["checkbox", "radio"].includes(node.type) ? node.closest("label") : node))
  .map((node) => [node.getBoundingClientRect(), node])
  .filter(([box]) => box.width < SIZE || box.height < SIZE)
  .map(([box, node]) => `${node.outerHTML.slice(0, 90)} ${box.width} x ${box.height}`)
""".replace("SIZE", str(SMALLEST_TARGET))


def unfold_all(page) -> None:
    for fold in page.view.locator(".gr-accordion > button").all():
        fold.click()
    page.wait_for(".nf-code", "<iframe")


def violations(page) -> list[str]:
    found = Axe().run(page.view).response["violations"]
    return [
        f"{v['id']}: {n['html'][:200]} {n['failureSummary']}" for v in found for n in v["nodes"]
    ]


def keep_screenshot(page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.view.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_axe_finds_nothing_and_nothing_sticks_out(visit, address, width, scheme):
    page = visit(address, viewport={"width": width, "height": 844}, color_scheme=scheme)
    name = f"{width}-{scheme}"
    assert violations(page) == []
    keep_screenshot(page, f"{name}-1-first")

    page.box.fill("slowly a cat in mordor")
    page.press("Generate")
    page.view.locator(".nf-growing").wait_for()
    keep_screenshot(page, f"{name}-2-drawing")
    page.press("Stop")
    page.wait_for_status("Stopped")

    page.generate("a cat in mordor")
    keep_screenshot(page, f"{name}-3-done")

    page.tiles.nth(1).click()
    unfold_all(page)
    assert violations(page) == []
    keep_screenshot(page, f"{name}-4-open")

    assert page.view.evaluate("document.documentElement.scrollWidth") <= width
    assert page.view.evaluate(TARGETS) == []
    assert page.mistakes == []


def test_a_fold_is_named_by_its_words_with_the_arrow_before_them(visit, quick_app):
    page = visit(quick_app)
    fold = page.view.get_by_role("button", name="Settings", exact=True)
    words, arrow = (fold.locator("span").nth(at).bounding_box() for at in (0, 1))
    assert arrow["x"] + arrow["width"] < words["x"] < arrow["x"] + 40
    turned = "icon => new DOMMatrix(getComputedStyle(icon).transform).b"
    assert fold.locator(".icon").evaluate(turned) == -1  # it points to the words
    fold.click()
    page.view.wait_for_function(
        f"icon => ({turned})(icon) === 0", arg=fold.locator(".icon").element_handle()
    )


def test_the_box_for_the_prompt_shows_the_focus_like_all_others(visit, quick_app):
    page = visit(quick_app)
    page.box.focus()
    assert page.box.evaluate("box => getComputedStyle(box).outline").endswith("solid 3px")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_sentence_over_the_page_can_be_read(visit, quick_app, scheme):
    page = visit(quick_app, color_scheme=scheme)
    page.generate("a cat")
    page.press("Copy link")
    page.view.locator(".nf-note:not(:empty)").wait_for()
    assert violations(page) == []
    ink, paper = page.view.locator(".nf-note").evaluate(
        "note => [getComputedStyle(note).color, getComputedStyle(note).backgroundColor]"
    )
    assert abs(lightness(ink) - lightness(paper)) > 0.6


def lightness(colour: str) -> float:
    """Of "rgb(1, 2, 3)": from 0, black, to 1."""
    return sum(map(int, re.findall(r"\d+", colour)[:3])) / 765


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_gaps_of_an_example_are_those_of_the_page(visit, quick_app, scheme):
    page = visit(quick_app, color_scheme=scheme)
    page.view.locator(".nf-examples button").first.click()
    sheet = page.view.locator(".nf-run .nf-sheet")
    sheet.wait_for()
    page.view.wait_for_function("() => document.querySelector('.nf-run .nf-sheet').complete")
    box = sheet.bounding_box()
    assert box["width"] == pytest.approx(box["height"], abs=1)
    shot = np.asarray(Image.open(io.BytesIO(sheet.screenshot())).convert("L"), int)
    paper = 255 if scheme == "light" else 0
    for middle in (396, 788):  # of the gaps, in a sheet of 1184 pixels
        gap = shot[20:-20, round(shot.shape[1] * middle / 1184)]
        assert np.abs(gap - paper).mean() < 24


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1440, 900), (390, 844)])
def test_the_nine_pictures_are_in_one_screen(visit, address, width, height):
    page = visit(address, viewport={"width": width, "height": height})
    page.generate("a cat")
    # Not of every picture: those of the examples wait until they come into sight.
    page.view.wait_for_function(
        "() => [...document.querySelectorAll('.nf-tile img')].every((image) => image.complete)"
    )
    boxes = [tile.bounding_box() for tile in page.tiles.all()]
    assert len(boxes) == 9
    assert all(box["y"] >= 0 and box["y"] + box["height"] <= height for box in boxes)


def test_two_columns_stand_in_the_middle_of_a_wide_window(visit, address):
    page = visit(address, viewport={"width": 1600, "height": 900})
    box, board = (page.view.locator(name).bounding_box() for name in ("#prompt", "#board"))
    assert box["x"] + box["width"] < board["x"]
    middle = (box["x"] + board["x"] + board["width"]) / 2
    assert abs(middle - 800) <= 8  # a scroll bar may be there


def test_on_a_narrow_screen_the_result_stands_above_the_settings(visit, address):
    page = visit(address, viewport={"width": 390, "height": 844})
    page.generate("a cat")
    settings = page.view.locator(".gr-accordion", has_text="Settings").bounding_box()
    result = page.view.locator(".nf-run").bounding_box()
    assert result["y"] + result["height"] <= settings["y"]


def test_screen_readers_are_told_what_happens(visit, address):
    page = visit(address)
    spoken = page.view.locator(".nf-spoken")
    assert spoken.get_attribute("aria-live") == "polite"
    page.view.evaluate(
        """() => {
          window.heard = [];
          const spoken = document.querySelector(".nf-spoken");
          new MutationObserver(() => window.heard.push(spoken.textContent))
            .observe(spoken, { childList: true });
        }"""
    )
    page.generate("a cat")
    heard = page.view.evaluate("window.heard")
    assert "Drawing" in heard
    assert heard[-1].startswith("Done in")
    assert not any("%" in line for line in heard)


FOCUSED = "() => document.activeElement.getAttribute('aria-label')"


@pytest.mark.parametrize("way", ["pointer", "key"])
def test_an_open_picture_takes_the_focus_and_its_tile_gets_it_back(visit, address, way):
    page = visit(address)
    page.generate("a cat")
    page.view.locator("body").press("Tab")  # out of the box, where digits are words
    page.tiles.nth(2).click() if way == "pointer" else page.view.keyboard.press("3")
    assert page.view.evaluate(FOCUSED) == "Picture 3 of 9: a cat"
    assert page.view.get_by_role("group", name="Picture 3 of 9: a cat").is_visible()
    page.view.keyboard.press("ArrowRight")
    assert page.view.get_by_role("group", name="Picture 4 of 9: a cat").is_visible()
    assert page.view.evaluate(FOCUSED) == "Picture 4"
    page.press("Back to all")
    page.view.locator(".nf-large").wait_for(state="hidden")
    assert page.view.evaluate(FOCUSED) == "Picture 4"


def test_a_picture_that_nobody_opened_leaves_the_focus_alone(visit, address):
    page = visit(f"{address}/?prompt=a+cat&seed=11&candidate=3")
    page.wait_for_status("Done")
    page.view.get_by_role("group", name="Picture 1 of 1: a cat").wait_for()
    assert page.view.evaluate(FOCUSED) is None


def test_the_screenshots_are_not_in_the_repository():
    assert SCREENSHOTS.name in (ROOT / ".gitignore").read_text().splitlines()
    assert SCREENSHOTS.parent == ROOT
