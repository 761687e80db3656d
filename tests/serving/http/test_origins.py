"""Which names are ours, and which pages may call."""

import pytest
from starlette.datastructures import Headers

from dalle.serving.http import origins
from dalle.serving.http.origins import Origins, matches


@pytest.fixture(autouse=True)
def own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origins, "own_name", lambda: "studio")


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost:7860", True),
        ("LOCALHOST", True),
        ("localhost.:7860", True),
        ("127.0.0.1:7860", True),
        ("192.168.1.5:7860", True),  # no attacker's name
        ("[::1]:7860", True),
        ("[fe80::1]", True),
        ("studio:7860", True),
        ("studio.local", True),
        ("owner-name.hf.space", True),
        ("hf.space.evil.example", False),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("127.0.0.1@evil.example", False),
        ("evilhf.space", False),
        ("[::1].evil.example", False),
        ("[::1]evil.example:80", False),
        ("evil@localhost", False),
        ("evil.example:80@localhost", False),
        ("localhost/evil.example", False),
        ("localhost#evil.example", False),
        ("[::1", False),
        ("a b", False),
    ],
)
def test_names_of_the_server(host: str, known: bool):
    assert Origins().knows(Headers({"host": host})) is known


def test_a_program_that_names_no_host_is_answered():
    assert Origins().knows(Headers({}))


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ({}, True),
        ({"origin": "http://localhost:7860"}, True),
        ({"origin": "http://localhost:3000"}, True),  # a page of the same machine
        ({"origin": "http://studio:7860", "host": "studio:7860"}, True),
        ({"origin": "http://studio:3000", "host": "studio:7860"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "https://evil.example", "sec-fetch-site": "cross-site"}, False),
        ({"origin": "http://localhost.evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://[::1"}, False),
        ({"origin": ""}, False),
        # Behind proxies that write another Host.
        ({"origin": "https://pictures.example", "sec-fetch-site": "same-origin"}, True),
        ({"origin": "http://a.example", "x-forwarded-host": "a.example"}, True),
        ({"origin": "http://b.example", "x-forwarded-host": "a.example"}, False),
    ],
)
def test_pages_that_may_call(headers: dict[str, str], may: bool):
    asked = Headers({"host": "localhost:7860"} | headers)
    assert Origins().may_call(asked) is may
    assert Origins((), ("*",)).may_call(asked)


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("a.example", "a.example", True),
        ("b.a.example", "a.example", False),
        ("b.a.example", "*.a.example", True),
        ("a.example", "*.a.example", False),
        ("xa.example", "*.a.example", False),
        ("any", "*", True),
    ],
)
def test_patterns(name: str, pattern: str, fits: bool):
    assert matches(name, (pattern,)) is fits
