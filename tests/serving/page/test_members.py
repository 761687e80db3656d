"""Signing in on the page, by a stand-in for Hugging Face here; and nothing of it by default."""

import os
import subprocess
import sys

import httpx
import pytest

from dalle.serving import preflight
from dalle.settings import SettingsError
from tests.serving.conftest import ROOT, Page, serving
from tests.serving.page.test_page_access import keep_screenshot, violations

NEEDED = "not installed; tests/run installs dalle/serving/http/requirements.txt"
IN_A_SPACE = {
    "SYSTEM": "spaces", "OAUTH_CLIENT_ID": "a", "OAUTH_CLIENT_SECRET": "b",
    "OAUTH_SCOPES": "openid profile", "OPENID_PROVIDER_URL": "https://huggingface.co",
}  # fmt: skip
# What a process has imported once the page was built, as far as signing in is concerned.
IMPORTED = """
import sys
from dalle.engine.engine import LocalEngine
from dalle.serving.page.controller import PageController
from dalle.serving.page.page import build_page
from dalle.serving.server import door, first_files
from dalle.serving.settings import ServerSettings
from tests.fakes.engine import FakePipeline, make_site
engine = LocalEngine(FakePipeline, 5)
controller, site = PageController(engine), make_site(engine)
page = build_page(controller, site)
door(site, controller, ServerSettings(), first_files(page))
assert not page.expects_oauth
print([name for name in sys.modules if name.endswith(("authlib", ".members", ".signing_in"))])
"""


@pytest.fixture(scope="module")
def members():
    """An app whose members are the painters, among whom is ada."""
    pytest.importorskip("authlib", reason=NEEDED)
    from tests.fakes.sign_in import stand_in, variables

    with stand_in() as hub, pytest.MonkeyPatch.context() as patch:
        for name, value in variables(hub).items():
            patch.setenv(name, value)
        patch.setenv("NINEFOLD_MEMBERS", "painters")
        patch.setenv("NINEFOLD_MEMBERS_CANDIDATES", "100")
        patch.setenv("SECONDS_PER_FRAME", "0.02")
        with serving("-m", "tests.fakes.owners_engine") as address:
            patch.undo()  # other servers of the tests have no members
            yield address


def sign_in(page: Page, account: str, told: str, way: str = "Sign in with Hugging Face") -> None:
    page.view.locator("#member a", has_text=way).click()
    page.view.get_by_text(account, exact=True).click()
    page.wait_for("#member p", told)


def most_candidates(page: Page) -> str:
    page.unfold("Settings")
    return page.view.locator("#candidates input[type=range]").get_attribute("max")


@pytest.mark.browser
def test_a_member_signs_in_and_out(visit, members):
    page = visit(f"{members}/?prompt=a+red+cat&seed=7&run=0")
    page.wait_for("#member p", "Nobody needs to sign in; members wait less.")
    sign_in(page, "ada", "ada: a member, with shorter waits and up to 100 candidates.")
    assert page.view.url == f"{members}/?prompt=a+red+cat&seed=7&run=0"
    assert page.prompt == "a red cat"
    assert violations(page) == []
    keep_screenshot(page, "member")
    assert most_candidates(page) == "100"
    page.view.locator("#candidates input[type=number]").fill("100")
    page.view.locator("#candidates input[type=number]").press("Tab")
    page.generate("a cat of many")
    page.wait_for(".nf-run", "The best 9 of 100.")

    page.view.locator("#member a", has_text="Sign out").click()
    page.wait_for("#member p", "Nobody needs to sign in")
    assert most_candidates(page) == "64"
    assert page.mistakes == []


@pytest.mark.browser
def test_who_signs_in_and_is_no_member_is_told_so(visit, members):
    page = visit(members)
    sign_in(page, "bob", "bob: signed in, and no member here.")
    assert most_candidates(page) == "64"
    page.generate("a cat")


@pytest.mark.browser
def test_who_changes_their_mind_is_back_on_the_page(visit, members):
    page = visit(members)
    sign_in(page, "deny", "Nobody needs to sign in")


@pytest.mark.browser
def test_it_speaks_the_visitors_language_and_fits(visit, members):
    page = visit(members, locale="de", viewport={"width": 390, "height": 844})
    sign_in(page, "ada", "ada: Mitglied, mit kürzerem Warten", "Mit Hugging Face anmelden")
    box = page.view.locator("#member a").evaluate("a => [a.scrollWidth, a.clientWidth]")
    assert box[0] <= box[1]
    assert page.view.evaluate("document.documentElement.scrollWidth") <= 390
    keep_screenshot(page, "member-de-390")


@pytest.mark.browser
def test_a_frame_in_a_blog_has_nothing_of_it(visit, members):
    page = visit(f"{members}/?compact=1")
    assert not page.view.locator("#member").is_visible()


@pytest.mark.browser
def test_by_default_nothing_of_it_shows(visit, quick_app):
    page = visit(quick_app)
    assert page.view.locator("#member").count() == 0
    assert "sign in" not in page.view.locator("body").inner_text().lower()


def test_by_default_there_are_no_ways_in(quick_app):
    for path in ("login/huggingface", "login/callback", "logout"):
        assert httpx.get(f"{quick_app}/{path}").status_code == 404
    config = httpx.get(f"{quick_app}/config").json()
    assert not [one for one in config["components"] if one["type"] == "loginbutton"]
    assert not [one for one in config["components"] if one["props"].get("elem_id") == "member"]
    assert "set-cookie" not in httpx.get(quick_app).headers


def test_by_default_nothing_of_it_is_imported():
    told = subprocess.run(
        [sys.executable, "-c", IMPORTED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("missing", IN_A_SPACE)
def test_members_who_could_not_sign_in_end_the_start(missing):
    environment = {name: value for name, value in IN_A_SPACE.items() if name != missing}
    with pytest.raises(SettingsError, match="add `hf_oauth: true` to the front matter"):
        preflight.check_sign_in(environment)


def test_what_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(preflight, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match="pip install -r dalle/serving/http"):
        preflight.check_sign_in(IN_A_SPACE)


def test_outside_of_a_space_the_app_says_so_and_ends():
    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=os.environ | {"NINEFOLD_MEMBERS": "painters", "PORT": "17863"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert "Error: NINEFOLD_MEMBERS is set, and nobody can sign in here" in ended.stderr
    assert "Traceback" not in ended.stderr
