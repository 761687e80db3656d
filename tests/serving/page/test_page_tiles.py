"""What can be done with the pictures, in a real browser with a fake pipeline behind."""

import io
import json
import zipfile

import pytest
from PIL import Image

pytestmark = pytest.mark.browser
MARKED = 6  # of 255: what the invisible mark may change of a pixel


@pytest.fixture
def page(visit, address):
    page = visit(address, permissions=["clipboard-read", "clipboard-write"])
    page.generate("a cat")
    yield page
    assert page.mistakes == []


def pressed(page) -> int:
    """The number of the tile that is large."""
    tiles = page.tiles.all()
    return [tile.get_attribute("aria-pressed") for tile in tiles].index("true") + 1


def clipboard(page) -> str:
    return page.view.evaluate("navigator.clipboard.readText()")


def test_a_picture_is_opened_large_and_closed(page):
    page.tiles.nth(2).click()
    page.view.locator(".nf-large summary", has_text="Details").click()
    page.wait_for(".nf-large .nf-facts", "11")
    page.wait_for(".nf-large .nf-facts", "13")
    assert page.view.locator(".nf-large meter").get_attribute("value") == "13"
    assert pressed(page) == 3
    page.press("Back to all")
    page.view.locator(".nf-large").wait_for(state="hidden")


def test_keys_pick_and_move(page):
    page.view.keyboard.press("Tab")  # out of the box, where digits are words
    page.view.keyboard.press("5")
    assert pressed(page) == 5
    page.view.keyboard.press("ArrowRight")
    assert pressed(page) == 6
    page.view.keyboard.press("ArrowLeft")
    page.view.keyboard.press("ArrowLeft")
    assert pressed(page) == 4
    page.view.keyboard.press("Escape")
    page.view.locator(".nf-large").wait_for(state="hidden")
    page.view.keyboard.press("ArrowDown")  # in the grid it moves the focus, by rows of three
    label = page.view.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label == "Picture 7"


def test_digits_in_the_prompt_are_words(page):
    page.box.press("9")
    assert page.prompt == "a cat9"
    assert page.view.locator(".nf-large").is_hidden()


def test_the_whole_page_by_keyboard_alone(page):
    page.box.focus()
    page.view.keyboard.press("Tab")
    assert page.view.evaluate("document.activeElement.id") == "generate"
    page.forget_status()
    page.view.keyboard.press("Enter")
    page.wait_for_status("Done")
    for _ in range(4):
        page.view.keyboard.press("Tab")
        if page.view.evaluate("document.activeElement.className") == "nf-tile":
            break
    page.view.keyboard.press("Enter")
    assert pressed(page) == 1


def test_a_downloaded_picture_carries_its_recipe(page):
    page.tiles.nth(0).click()
    with Image.open(io.BytesIO(page.download("Download PNG"))) as image:
        recipe = json.loads(image.text["ninefold"])
        assert image.getpixel((0, 0)) == pytest.approx((11, 240, 0), abs=MARKED)
        assert "trainedAlgorithmicMedia" in image.text["XML:com.adobe.xmp"]
    assert (recipe["seed"], recipe["candidate"]) == (11, 15)
    assert recipe["prompt"] == "a cat"


def test_the_zip_holds_the_same_files(page):
    page.tiles.nth(0).click()
    alone = page.download("Download PNG")
    with zipfile.ZipFile(io.BytesIO(page.download("Download all"))) as archive:
        names = archive.namelist()
        assert archive.read("1-a-cat-seed11-no15.png") == alone
    assert len(names) == 10
    assert names[-1] == "sheet.png"


def test_the_sheet_has_the_prompt_underneath(page):
    page.more()
    with Image.open(io.BytesIO(page.download("One picture"))) as sheet:
        assert sheet.height > 3 * 64
        assert sheet.width >= 3 * 64


def test_the_figure_needs_nothing_else(page, visit, tmp_path):
    page.more()
    figure = page.download("HTML for a blog").decode()
    assert "“a cat”, drawn by AI: Fake, seed 11." in figure
    assert "run=1" in figure
    path = tmp_path / "figure.html"
    path.write_text(figure, "utf-8")
    page.view.goto(path.as_uri())
    images = page.view.locator("figure img")
    assert images.count() == 9
    assert images.first.get_attribute("alt") == "a cat, drawn by AI, number 1"
    assert images.last.evaluate("async image => (await image.decode(), image.naturalWidth)") == 64


def test_the_others_are_shown_on_demand(page):
    page.press("Show the other 7")
    page.wait_for_note("7 more.")
    assert page.tiles.count() == 16
    assert page.picture(16) == (11, 0)


def test_ranking_by_another_text_generates_nothing(page):
    page.more()
    page.view.get_by_label("Sort these by other words").fill("less red")
    page.press("Sort")
    page.wait_for_note("Sorted by “less red”.")
    assert page.pictures() == [(11, candidate) for candidate in range(9)]
    page.tiles.nth(0).click()
    with Image.open(io.BytesIO(page.download("Download PNG"))) as image:
        assert image.getpixel((0, 0)) == pytest.approx((11, 0, 0), abs=MARKED)


def test_ranking_by_nothing_is_a_sentence(page):
    page.more()
    page.view.get_by_label("Sort these by other words").fill(" ")
    page.press("Sort")
    page.wait_for_note("The prompt is empty")
    assert page.tiles.count() == 9


def test_one_picture_made_again_is_the_same(page):
    page.tiles.nth(3).click()
    page.press("Make it again")
    page.wait_for_status("Candidate 12 made again, alone: the same picture, pixel by pixel.")
    runs = page.view.locator(".nf-run")
    assert runs.count() == 2  # the nine are still there
    assert runs.first.locator(".nf-tile").count() == 1
    assert page.picture() == (11, 12)


def test_a_tiles_link_shows_that_picture_alone(page, visit):
    page.tiles.nth(3).click()
    assert page.view.get_by_role("button", name="Copy link", exact=True).count() == 1
    page.press("Copy picture link")
    page.wait_for_note("Copied.")
    other = visit(clipboard(page))
    other.wait_for_status("Done")
    assert other.pictures() == [(11, 12)]
    assert other.prompt == "a cat"
    assert other.value("seed") == ""


def test_where_copying_is_forbidden_the_link_is_there_to_be_copied(visit, address):
    page = visit(address)
    page.generate("a cat")
    page.view.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject('no'); }")
    page.view.locator(".nf-actions button", has_text="Copy link").click()
    page.wait_for_note("Copy it from the field.")
    link = page.view.get_by_label("Link", exact=True).input_value()
    assert link == f"{address}/?prompt=a+cat&seed=11"


def test_a_report_holds_what_is_ticked_and_no_more(page):
    page.tiles.nth(3).click()
    page.press("Report")
    page.view.get_by_label("What is wrong").select_option("something else")
    page.view.get_by_label("In your words").fill("not a cat")
    page.press("Send the report")
    page.wait_for_note("Thank you. This is report other/not a cat/12/None/False;")
    page.tiles.nth(0).click()
    page.press("Report")
    page.view.get_by_label("send the prompt too").check()
    page.view.get_by_label("send the picture too").check()
    page.press("Send the report")
    page.wait_for_note("Thank you. This is report hate//15/a cat/True;")
