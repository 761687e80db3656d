"""The head of a page whose links somebody makes up by the hundred."""

from types import SimpleNamespace

from starlette.responses import HTMLResponse
from starlette.testclient import TestClient

from dalle.serving.page.sharing import head
from dalle.serving.page.sharing.head import Head

PLAIN = SimpleNamespace(replace_own=lambda html: html, write_links=str)


def test_an_address_has_so_many_links_judged_and_then_the_page_alone(monkeypatch):
    monkeypatch.setattr(head, "JUDGED", "2/minute")
    judged = []
    page = HTMLResponse("<html><head><script></script></head></html>")
    browser = TestClient(Head(page, "Fake", judged.append, PLAIN))
    pages = [browser.get("/", params={"prompt": f"cat {n}"}) for n in range(3)]
    assert [page.status_code for page in pages] == [200, 200, 200]
    told = [f'content="cat {n}"' in page.text for n, page in enumerate(pages)]
    assert told == [True, True, False]
    assert 'property="og:title" content="Fake"' in pages[2].text
    assert "cat 2" not in judged
