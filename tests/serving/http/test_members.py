"""Who is a member: what the server recognises by itself, and what a request cannot claim."""

import base64
import hashlib
import json
import logging
import time

import httpx
import pytest

NEEDED = "not installed; tests/run installs dalle/serving/http/requirements.txt"
pytest.importorskip("authlib", reason=NEEDED)
itsdangerous = pytest.importorskip("itsdangerous", reason=NEEDED)

from dalle.serving.http.members import (  # noqa: E402
    PAUSE,
    REMEMBERED,
    Account,
    Members,
    account_of,
)
from tests.fakes.sign_in import SECRET, stand_in, variables  # noqa: E402
from tests.serving.api.calls import call  # noqa: E402
from tests.serving.conftest import serving  # noqa: E402


def cookie(account: str, secret: str = SECRET, seconds: float = 3600) -> str:
    """A session as gradio signs it."""
    info = {
        "access_token": f"token of {account}",
        "scope": "openid profile",
        "expires_at": int(time.time() + seconds),
        "userinfo": {
            "name": account, "preferred_username": account, "profile": "", "picture": ""
        },
    }  # fmt: skip
    data = base64.b64encode(json.dumps({"oauth_info": info}).encode())
    key = hashlib.sha256(f"{secret}-v4".encode()).hexdigest()
    return "session=" + itsdangerous.TimestampSigner(key).sign(data).decode()


@pytest.fixture(scope="module")
def hub():
    with stand_in() as hub:
        hub.tokens |= {f"token of {account}": account for account in ("ada", "bob", "eve")}
        yield hub


@pytest.fixture(scope="module")
def app(hub):
    """The address of an app whose members are those of an organisation, and eve."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables(hub).items():
            patch.setenv(name, value)
        patch.setenv("NINEFOLD_MEMBERS", "Painters, eve")
        patch.setenv("SECONDS_PER_FRAME", "0.01")
        with serving("-m", "tests.fakes.owners_engine") as address:
            patch.undo()  # other servers of the tests have no members
            yield address


def passes_for_a_member(app: str, headers: dict[str, str], **fields: object) -> bool:
    """Whether so many candidates are generated as only members get."""
    *_, (kind, data) = call(
        app, "generate", {"prompt": "a cat", "candidates": 100, **fields}, headers
    )
    assert kind == "complete" or "must be a whole number from 9 to 64" in data["error"]
    return kind == "complete"


@pytest.mark.parametrize("account", ["ada", "eve"])
def test_a_member_is_recognised(app, account):
    assert passes_for_a_member(app, {"Cookie": cookie(account)})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Cookie": cookie("bob")},
        {"Cookie": cookie("nobody")},
        {"Cookie": cookie("ada", seconds=-1)},
        {"Cookie": cookie("ada", secret="guessed")},
        {"Cookie": cookie("ada", secret="")},
        {"Cookie": cookie("ada").rpartition(".")[0]},
        {"Cookie": ".".join([cookie("ada").split(".")[0], *cookie("bob").split(".")[1:]])},
        {"ninefold.member": "ada", "member": "true", "X-Member": "ada", "X-Forwarded-User": "ada"},
        {"Authorization": "Bearer token of ada"},
    ],
)
def test_nobody_else_is_one(app, headers):
    assert not passes_for_a_member(app, headers)


@pytest.mark.parametrize("name", ["oauth_token", "member", "visitor", "session"])
def test_a_field_makes_nobody_a_member(app, name):
    arguments = {"prompt": "a cat", "candidates": 100, name: "token of ada"}
    answer = httpx.post(f"{app}/gradio_api/call/v2/generate", json=arguments)
    if answer.status_code == 200:
        assert not passes_for_a_member(app, {}, **{name: "token of ada"})
    else:
        assert answer.status_code == 400


def test_an_openai_client_is_no_member(app):
    body = {"prompt": "a cat", "n": 1, "candidates": 100}
    answer = httpx.post(
        f"{app}/v1/images/generations", json=body, headers={"Authorization": "Bearer token of ada"}
    )
    assert answer.status_code == 400
    assert "from 9 to 64" in answer.json()["error"]["message"]


def test_the_ways_in_are_there_and_limited(app, hub):
    answer = httpx.get(f"{app}/login/huggingface")
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{hub.address}/oauth/authorize?")
    assert "Secure" in answer.headers["set-cookie"].title()


@pytest.mark.parametrize(
    ("query", "status", "where"),
    [("error=access_denied", 307, "../"), ("error=server_error", 400, None)],
)
def test_a_sign_in_that_fails_is_a_sentence(app, query, status, where):
    answer = httpx.get(f"{app}/login/callback?{query}&state=x")
    assert answer.status_code == status
    assert answer.headers.get("location") == where
    assert where or "Signing in did not work" in answer.text


def test_a_session_that_is_over_is_nobodys():
    assert account_of({}) is None
    assert account_of({"oauth_info": {"expires_at": time.time() - 1}}) is None


class Telling:
    """A Hub whose answers are chosen, and a clock that is moved by hand."""

    def __init__(self, *answers: object) -> None:
        self.answers, self.now = list(answers), 1000.0

    def ask(self, token: str) -> frozenset[str]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return frozenset(answer)

    def members(self, *names: str) -> Members:
        return Members(names, self.ask, lambda: self.now)


def status_error(status: int) -> httpx.HTTPStatusError:
    request = httpx.Request("GET", "http://hub")
    return httpx.HTTPStatusError("", request=request, response=httpx.Response(status))


ADA, BOB = Account("Ada", "1"), Account("bob", "2")


def test_organisations_are_asked_for_once_in_a_while():
    hub = Telling({"painters"}, set())
    members = hub.members("Painters")
    assert [members.include(ADA) for _ in range(3)] == [True] * 3
    hub.now += REMEMBERED
    assert [members.include(ADA) for _ in range(3)] == [False] * 3  # she left
    assert hub.answers == []


def test_the_hub_is_not_asked_where_the_name_is_enough():
    assert Telling().members("ada").include(ADA)
    assert Telling().members("signed-in").include(BOB)


def test_a_hub_that_does_not_answer_is_left_alone_and_what_it_told_holds(caplog):
    hub = Telling({"painters"}, httpx.ConnectTimeout("slow"), {"painters"}, {"painters"})
    members = hub.members("painters")
    assert members.include(ADA)
    hub.now += REMEMBERED
    with caplog.at_level(logging.WARNING):
        assert members.include(ADA)
        assert not members.include(BOB)
    assert caplog.messages == ["the Hub does not tell organisations (ConnectTimeout)"]
    hub.now += PAUSE
    assert members.include(BOB)
    assert members.include(ADA)
    assert hub.answers == []


def test_a_token_that_was_taken_back_is_nobodys():
    hub = Telling(status_error(401), {"painters"})
    members = hub.members("painters")
    assert not members.include(ADA)
    assert not members.include(ADA)
    assert members.include(BOB)  # it is about one account


def test_a_token_is_not_shown():
    assert "secret" not in repr(Account("ada", "secret"))
