"""The whole app with the embedded model: what a stranger gets after the README's first command."""

import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from tests.serving.conftest import serving

PROMPT = "a red apple on a blue background"


@pytest.fixture(scope="module")
def address():
    with serving("app.py") as address:
        yield address


@pytest.mark.browser
def test_a_stranger_generates_takes_a_picture_home_and_brings_it_back(visit, address):
    page = visit(address)
    page.generate(PROMPT)
    assert page.tiles.count() == 9
    page.tiles.first.click()
    content = page.download("Download PNG")
    with Image.open(io.BytesIO(content)) as image:
        recipe = json.loads(image.text["ninefold"])
    assert recipe["model"] == "nano"

    page.press("Make it again")
    page.wait_for_status(f"Candidate {recipe['candidate']} made again, alone: the same picture")

    page.open(address)
    page.unfold("History")
    file = {"name": "a.png", "mimeType": "image/png", "buffer": content}
    page.view.locator(".nf-reader input").set_input_files(file)
    page.wait_for(".nf-verdict", "Its recipe was found")
    assert page.value("seed") == str(recipe["seed"])
    # The same model on the same machine: nothing differs.
    assert "differ" not in page.view.locator(".nf-verdict").inner_text()


@pytest.mark.browser
def test_ranking_again_by_the_same_text_gives_the_same_scores(visit, address):
    page = visit(f"{address}/?prompt=an+owl&seed=1&run=1")
    page.wait_for_status("Done")
    before = page.pictures()
    page.more()
    page.press("Sort")
    page.wait_for_note("Sorted by “an owl”.")
    assert page.pictures() == before


@pytest.mark.browser
def test_the_page_tells_about_its_model(visit, address):
    page = visit(address)
    with page.view.expect_popup() as about:
        page.view.locator(".nf-notice a").click()
    text = about.value.locator("main").inner_text()
    assert "nano" in text
    assert re.search(r"\d GiB at most so far", text)
    assert "Limits" in text


def test_the_same_seed_gives_a_program_the_same_files(address):
    from gradio_client import Client

    client = Client(address, verbose=False)
    runs = [client.predict(prompt="a cat", seed=3, api_name="/generate")[0] for _ in range(2)]
    first, second = ([Path(tile["image"]).read_bytes() for tile in run] for run in runs)
    assert len(first) == 9
    assert first == second
