"""Nothing sticks out at the width of a phone or of a laptop, in any language."""

import pytest

from tests.serving.conftest import Page

# Parts beyond the edges of the page, and words beyond those of their buttons.
STICKING_OUT = """() => {
  const width = document.documentElement.clientWidth, found = [];
  for (const node of document.querySelectorAll("#columns *, .nf-header *")) {
    const box = node.getBoundingClientRect();
    if (!box.width || node.closest(".nf-ideas, .nf-code, pre, table")) continue;
    if (box.right > width + 1 || box.left < -1) found.push(`${node.id || node.className}: page`);
    if (node.matches("button:not(.label-wrap), label, summary, .nf-pinned span")
        && node.scrollWidth > node.clientWidth + 1 && node.clientWidth)
      found.push(`${node.id || node.className}: ${node.textContent.trim()}`);
  }
  const [first, ...others] = [...document.querySelectorAll("#buttons > *")]
    .map((node) => node.getBoundingClientRect()).filter((box) => box.width);
  const column = document.querySelector("#ask").getBoundingClientRect();
  if ([first, ...others].some((box) => box.right > column.right + 1)) found.push("buttons: column");
  return found;
}"""


@pytest.mark.parametrize("width", [390, 1366])
@pytest.mark.parametrize("language", ["en", "es", "fr", "de", "pt", "ja"])
def test_nothing_sticks_out(quick_app, visit, language, width):
    size = {"width": width, "height": 768}
    page: Page = visit(
        f"{quick_app}/?prompt=a+cat&seed=4294967295&run=0", viewport=size, locale=language
    )
    page.view.locator(".nf-pinned").wait_for()
    assert page.view.evaluate(STICKING_OUT) == []
    page.box.press("Enter")
    page.tiles.nth(8).wait_for()
    assert page.view.evaluate(STICKING_OUT) == []
    page.more()
    for fold in page.view.locator(".gr-accordion > button").all():
        fold.click()
    page.tiles.first.click()
    page.view.locator(".nf-large").first.wait_for()
    assert page.view.evaluate(STICKING_OUT) == []


def test_a_turned_phone_shows_the_whole_prompt_and_its_button(quick_app, visit):
    upright, turned = {"width": 390, "height": 844}, {"width": 844, "height": 390}
    page: Page = visit(quick_app, viewport=upright)
    page.box.fill("an owl with a crown and a penguin on a skateboard at the beach, " * 5)
    page.view.set_viewport_size(turned)
    page.view.evaluate("scrollTo(0, 0)")
    for part in (
        page.view.get_by_role("heading", level=1),
        page.box,
        page.view.locator("#generate"),
    ):
        box = part.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= turned["height"]


def test_a_turned_phone_shows_an_open_picture_as_a_whole(quick_app, visit):
    page: Page = visit(quick_app, viewport={"width": 844, "height": 390})
    page.generate("a cat")
    page.tiles.nth(2).click()
    picture = page.view.locator(".nf-large > img").bounding_box()
    assert picture["y"] >= 0
    assert picture["y"] + picture["height"] <= 390
