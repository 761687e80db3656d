"""The snippets for other people's pages, and the frozen result."""

from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest

from dalle.errors import DalleError
from dalle.serving.page.links import write_query
from dalle.serving.page.results import StoredResult
from dalle.serving.page.sharing.export import freeze, write_snippets
from tests.fakes.engine import FakePipeline

NASTY = '"><script>alert(1)</script>'


class Tags(HTMLParser):
    """The tags of a text with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def first(self, name: str) -> dict[str, str | None]:
        return next(attributes for tag, attributes in self.found if tag == name)


def test_the_frame_carries_theme_prompt_and_form():
    snippets = write_snippets("https://a-b.hf.space/", "Mine", "a cat & a dog", theme="dark")
    frame = Tags(snippets["iframe"]).first("iframe")
    address = urlsplit(frame["src"])
    assert address.netloc == "a-b.hf.space"
    told = {"prompt": ["a cat & a dog"], "compact": ["1"], "__theme": ["dark"]}
    assert parse_qs(address.query) == told
    assert frame["title"] == "Mine"
    assert "aspect-ratio" in frame["style"]  # room from the beginning


def test_no_prompt_and_the_whole_page():
    snippets = write_snippets("https://x.y/z?prompt=old#part", "Mine", " ", compact=False)
    assert Tags(snippets["iframe"]).first("iframe")["src"] == "https://x.y/z?__theme=light"


def test_nothing_of_a_prompt_becomes_code():
    for code in write_snippets("https://x.y/", NASTY, NASTY).values():
        assert [tag for tag, _ in Tags(code).found].count("script") == 1
        assert "alert(1)</script>" not in code


@pytest.mark.parametrize("address", ["javascript:alert(1)", "", None, "file:///etc/passwd"])
def test_no_web_address_is_a_sentence(address):
    with pytest.raises(DalleError, match="open it in a tab of its own"):
        write_snippets(address, "Mine")


def test_an_unknown_theme_is_a_sentence():
    with pytest.raises(DalleError, match="theme is 'blue'; it must be light or dark"):
        write_snippets("https://x.y/", "Mine", theme="blue")


def test_a_frozen_result_is_one_figure():
    kept = StoredResult(FakePipeline().generate(f"a cat {NASTY}", seed=3))
    query = write_query(kept.result.recipe)
    figure = freeze(kept, "Mine", "https://x.y/?old=1", query)
    tags = Tags(figure)
    images = [attributes for tag, attributes in tags.found if tag == "img"]
    assert len(images) == 9
    assert all(image["src"].startswith("data:image/png;base64,") for image in images)
    assert images[0]["alt"] == f"a cat {NASTY}, drawn by AI, number 1"
    link = urlsplit(tags.first("a")["href"])
    assert link.netloc == "x.y"
    assert parse_qs(link.query)["seed"] == ["3"]
    assert parse_qs(link.query)["run"] == ["1"]
    assert "script" not in [tag for tag, _ in tags.found]
    assert "Mine, seed 3" in figure
    assert tags.first("a")["style"] == "color: inherit"  # readable on dark pages too
