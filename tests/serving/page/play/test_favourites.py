"""Starred pictures stay in the browser, and all of them come home in one file."""

import io
import zipfile

import pytest
from PIL import Image

pytestmark = pytest.mark.browser


def test_a_starred_picture_outlives_a_reload_and_is_downloaded(visit, quick_app):
    page = visit(quick_app)
    page.generate("a cat")
    page.tiles.nth(2).click()
    page.press("Favourite")
    page.view.locator('.nf-star[aria-pressed="true"]').wait_for()
    page.open(quick_app)
    page.unfold("History")
    page.view.locator(".nf-starred button").wait_for()
    with zipfile.ZipFile(io.BytesIO(page.download("Download favourites"))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["1-a-cat-seed11-no13.png"]
        with Image.open(io.BytesIO(archive.read("1-a-cat-seed11-no13.png"))) as image:
            assert image.size == (64, 64)
            assert "ninefold" in image.text
    page.view.locator(".nf-starred button").click()
    page.view.locator(".nf-large img").wait_for()
    assert page.mistakes == []


def test_a_second_click_takes_the_star_away(visit, quick_app):
    page = visit(quick_app)
    page.generate("a cat")
    page.tiles.nth(0).click()
    page.press("Favourite")
    page.view.locator('.nf-star[aria-pressed="true"]').wait_for()
    page.press("Favourite")
    page.view.locator('.nf-star[aria-pressed="false"]').wait_for()
    page.unfold("History")
    page.wait_for(".nf-starred", "Nothing yet.")
