"""Gradio's files for the first view: all are named at the top, and nothing is loaded twice."""

import json
import re
from urllib.parse import urlsplit

import httpx
import pytest

from dalle.serving.http import first_files
from dalle.serving.http.first_files import FirstFiles, needed_files
from dalle.serving.page.sharing.head import keep_languages
from dalle.serving.page.widget import without_comments
from tests.serving.conftest import Page

NAMED = re.compile(r'<link rel="modulepreload" crossorigin href="(assets/[^"]+)">')


def test_needed_files_are_found_in_gradios_scripts():
    with_html = needed_files(["html"])
    more = needed_files(["html", "slider"])
    assert [name for name in with_html if name.startswith("HTML-")]
    assert set(with_html) < set(more)


def test_unknown_component_needs_nothing_more():
    assert needed_files(["html", "nothing"]) == needed_files(["html"])


def test_a_gradio_that_lists_nothing_gets_no_links(tmp_path, monkeypatch):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<html></html>")
    monkeypatch.setattr(first_files, "FOLDER", tmp_path / "assets")
    files = FirstFiles(["html"])
    assert files.write_links() == ""
    assert files.replace_own(b"<head></head>") == b"<head></head>"


def test_browser_loads_each_named_file_once_and_no_others(quick_app, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    asked: list[str] = []
    context.on("request", lambda request: asked.append(urlsplit(request.url).path.strip("/")))
    page = Page(context, quick_app)
    page.unfold("Settings")
    named = NAMED.findall(httpx.get(quick_app).text)
    styles = [path for path in asked if path.endswith(".css")]
    assert sorted(path for path in asked if path.startswith("assets/")) == sorted(named)
    assert [path.partition("/")[0] for path in styles] == ["styles", "theme.css"]
    assert not page.mistakes
    context.close()


@pytest.mark.parametrize("accepted", ["br", "gzip"])
def test_files_are_small_and_kept_for_ever(quick_app, accepted):
    page = httpx.get(quick_app, headers={"Accept-Encoding": accepted})
    script = NAMED.findall(page.text)[0]
    answer = httpx.get(f"{quick_app}/{script}", headers={"Accept-Encoding": accepted})
    for one in (page, answer):
        assert one.headers["content-encoding"] == accepted
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")


def test_other_files_of_gradio_are_there_too_and_nothing_else(quick_app):
    other = next(path.name for path in first_files.FOLDER.glob("*.woff2"))
    assert httpx.get(f"{quick_app}/assets/{other}").status_code == 200
    for path in ("assets/none.js", "assets/index.html", "styles/0/1.css"):
        assert httpx.get(f"{quick_app}/{path}").status_code == 404


def test_page_carries_the_languages_of_its_reader(quick_app):
    def languages(accepted: str) -> set[str]:
        answer = httpx.get(quick_app, headers={"Accept-Language": accepted})
        assert "Accept-Language" in answer.headers["vary"]
        after = answer.text.partition('"i18n_translations":')[2]
        return set(json.JSONDecoder().raw_decode(after)[0])

    assert languages("de-AT,de;q=0.9,ja;q=0.5") == {"en", "de", "ja"}
    assert languages("sv") == {"en"}
    assert languages("") == {"en", "es", "fr", "de", "pt", "ja"}


def test_no_word_of_a_language_ends_the_script():
    html = '<script>c = {"i18n_translations":{"de":{"a":"\\u003c/script>ä"}},"x":1};</script>'
    kept = keep_languages(html.encode(), "de").decode()
    assert "</script>ä" not in kept
    told = kept.partition("c = ")[2].partition(";</script>")[0]
    assert json.loads(told) == {"i18n_translations": {"de": {"a": "</script>ä"}}, "x": 1}


def test_page_without_tables_stays_as_it_is():
    for html in (b"<html></html>", b'{"i18n_translations":null}'):
        assert keep_languages(html, "de") in (html, b'{"i18n_translations":{}}')


def test_comments_of_scripts_stay_at_home():
    assert without_comments("// why\na = 1; // here\n\n  b = 'x//y';\n") == (
        "a = 1; // here\nb = 'x//y';"
    )
