"""What a crawler gets of a link, and what the button hands on."""

import gzip
import io
import re
import urllib.error
import urllib.request
from html import unescape

import pytest
from PIL import Image

from dalle.serving.page.sharing.riddles import hide

TAG = re.compile(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">')


def fetch(address: str, **headers: str) -> tuple[bytes, dict[str, str]]:
    """The answer as a crawler gets it: no script runs."""
    request = urllib.request.Request(address, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return answer.read(), dict(answer.headers)


def tags(address: str) -> dict[str, str]:
    """The tags of a page's head; each of them once."""
    head = fetch(address)[0].decode().partition("</head>")[0]
    found = TAG.findall(head)
    assert len(found) == len(dict(found))
    assert "Gradio" not in dict(found).values()
    return {name: unescape(value) for name, value in found}


def test_the_card_of_a_link_is_its_prompt_and_its_pictures(quick_app):
    found = tags(f"{quick_app}/?prompt=a+%22cat%22&seed=7")
    assert found["og:title"] == 'a "cat"'
    assert found["twitter:card"] == "summary_large_image"
    assert found["og:url"] == f"{quick_app}/?prompt=a+%22cat%22&seed=7"
    content, headers = fetch(found["og:image"])
    assert headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(content)) as card:
        assert card.size == (1200, 630)
        assert card.getpixel((50, 50)) == pytest.approx((7, 240, 0), abs=3)
        assert "ninefold" in card.text


def test_the_front_page_tells_what_it_is(quick_app):
    found = tags(f"{quick_app}/")
    assert found["og:title"] == found["og:site_name"] == "Fake"
    assert "Nine little pictures for your words" in found["description"]
    assert "og:image" not in found


def test_a_refused_prompt_is_neither_told_nor_generated(quick_app):
    query = "prompt=a+naked+child"
    found = tags(f"{quick_app}/?{query}")
    assert found["og:title"] == "Fake"
    assert not any("naked" in value for value in found.values())
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(f"{quick_app}/card.png?{query}")


def test_a_riddle_tells_no_prompt(quick_app):
    found = tags(f"{quick_app}/?{hide('prompt=a+cat&seed=7')}")
    assert found["og:title"] == "What do these pictures show?"
    assert not any("cat" in value for name, value in found.items() if name != "twitter:card")
    assert fetch(found["og:image"])[1]["content-type"] == "image/png"


def test_a_broken_link_has_no_card(quick_app):
    assert tags(f"{quick_app}/?prompt=a+cat&seed=lucky")["og:title"] == "Fake"


def test_the_page_is_sent_compressed(quick_app):
    content, headers = fetch(f"{quick_app}/", **{"Accept-Encoding": "gzip"})
    assert headers["content-encoding"] == "gzip"
    assert b"gradio_config" in gzip.decompress(content)


@pytest.mark.browser
def test_share_copies_the_sheet_where_there_is_a_mouse(visit, quick_app):
    page = visit(quick_app, permissions=["clipboard-read", "clipboard-write"])
    page.generate("a cat")
    page.press("Share")
    page.wait_for_note("Picture copied. Paste it where you like.")
    kinds = page.view.evaluate(
        "async () => (await navigator.clipboard.read()).flatMap((item) => item.types)"
    )
    assert kinds == ["image/png"]


@pytest.mark.browser
def test_share_hands_the_sheet_to_a_phone(visit, quick_app):
    page = visit(quick_app, has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844})
    page.view.evaluate(
        """() => {
          navigator.canShare = () => true;
          navigator.share = async ({ files, text, url }) => {
            window.shared = [files[0].name, files[0].type, text, url];
          };
        }"""
    )
    page.generate("a cat")
    page.press("Share")
    page.view.wait_for_function("() => window.shared")
    name, kind, text, url = page.view.evaluate("window.shared")
    assert (name, kind, text) == ("a-cat-seed11-sheet.png", "image/png", "a cat")
    assert url == f"{quick_app}/?prompt=a+cat&seed=11"
