"""The whole app with the embedded model: what a stranger gets after the README's first command."""

from pathlib import Path

import pytest

from tests.serving.conftest import Page, serving


@pytest.fixture(scope="module")
def address():
    with serving("app.py") as address:
        yield address


@pytest.mark.browser
def test_a_stranger_types_a_prompt_and_sees_nine_pictures(browser, address):
    page = Page(browser, address)
    page.write("a red apple on a blue background\n")
    page.wait_for(lambda: "kept the best 9" in page.status)
    page.wait_for(lambda: len(page.tiles) == 9)
    assert page.seed.isdecimal()


def test_the_same_seed_gives_a_program_the_same_files(address):
    from gradio_client import Client

    client = Client(address, verbose=False)
    runs = [client.predict(prompt="a cat", seed=3, api_name="/generate")[0] for _ in range(2)]
    first, second = ([Path(tile["image"]).read_bytes() for tile in run] for run in runs)
    assert len(first) == 9
    assert first == second
