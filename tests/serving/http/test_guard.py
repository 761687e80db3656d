"""The door alone, in front of apps that do what no app should."""

import asyncio
import errno
import json
import logging
import re
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dalle.serving.http import bodies, guard
from dalle.serving.http.guard import Guard
from dalle.serving.http.origins import Origins
from dalle.serving.http.routes import READS_FORM, READS_NOTHING, UPLOAD
from tests.fakes.apart import run_apart

JSON = {"Content-Type": "application/json"}
CALL = "/gradio_api/call/generate"


async def echo(request: Request) -> Response:
    body = await request.body()
    seen = {"client": request.client.host, "origin": request.headers.get("origin"),
            "bytes": len(body), "root": request.scope.get("root_path")}  # fmt: skip
    return PlainTextResponse(json.dumps(seen))


def ask(
    method: str = "POST",
    path: str = CALL,
    *,
    app: Callable = echo,
    peer: str = "198.51.100.7",
    times: int = 1,
    rate: str = "100/minute",
    routes: list[Route] | None = None,
    hops: int = 0,
    origins: Origins | None = None,
    root_path: str = "",
    sign_in: tuple[str, ...] = (),
    **more: object,
) -> list[httpx.Response]:
    """What a guard answers to so many equal requests."""
    routes = routes or []
    given = {"rate": rate, "trusted_hops": hops, "routes": routes}
    given |= {"origins": origins, "root_path": root_path, "sign_in": sign_in}
    rest = Route("/{rest:path}", app, methods=["GET", "POST", "DELETE"])
    # As gradio's app has it.
    door = Starlette(routes=[*routes, rest], middleware=[Middleware(Guard, **given)])

    async def answers() -> list[httpx.Response]:
        transport = httpx.ASGITransport(door, raise_app_exceptions=False, client=(peer, 1))
        more["headers"] = JSON | more.get("headers", {})
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return [await client.request(method, path, **more) for _ in range(times)]

    return run_apart(answers())


def status(*arguments: object, **options: object) -> int:
    return ask(*arguments, **options)[-1].status_code


async def tell_headers(request: Request) -> Response:
    return PlainTextResponse(json.dumps(dict(request.headers)))


@pytest.mark.parametrize(("hops", "believed"), [(0, False), (1, True)])
def test_only_a_proxy_of_our_own_names_the_server(hops: int, believed: bool):
    given = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "a=b",
             "X-Gradio-Server": "http://evil.example"}  # fmt: skip
    [answer] = ask("GET", "/", app=tell_headers, hops=hops, headers=given)
    assert ("x-forwarded-host" in answer.json()) is believed
    assert ("x-forwarded-proto" in answer.json()) is believed
    assert "accept" in answer.json()


def test_what_is_written_for_a_visitor_is_not_kept_for_others():
    assert ask("GET", "/")[0].headers["cache-control"] == "no-cache"
    assert "cache-control" not in ask("GET", "/gradio_api/file=/a.png")[0].headers


def test_every_route_that_it_is_given_may_be_asked_for():
    assert status("GET", "/new") == 404
    route = Route("/new/{name}", echo, methods=["GET", "POST"])
    assert status("GET", "/new/a", routes=[route]) == 200
    assert status("POST", "/new/a", routes=[route], times=3, rate="2/minute") == 429


@pytest.mark.parametrize(
    ("more", "home"),
    [
        ({}, "/"),
        ({"root_path": "/pictures/"}, "/pictures/"),
        ({"hops": 1, "headers": {"X-Forwarded-Prefix": "/a&b"}}, "/a&amp;b/"),
    ],
)
def test_where_nothing_is_a_browser_is_shown_the_way_home(more: dict, home: str):
    more["headers"] = more.get("headers", {}) | {"Accept": "text/html,*/*;q=0.8"}
    [answer] = ask("GET", "/nothing", **more)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert f'<a href="{home}">' in answer.text
    assert answer.headers["vary"] == "Accept"


def test_where_nothing_is_a_program_is_told_in_json():
    [answer] = ask("GET", "/nothing")
    assert answer.status_code == 404
    assert answer.json() == {"detail": "There is nothing at this address."}


@pytest.mark.parametrize("kind", ["text/plain", "", "application/x-www-form-urlencoded", "a/b"])
def test_json_alone_is_read(kind: str):
    [answer] = ask(headers={"Content-Type": kind}, content=b"{}")
    assert answer.status_code == 415
    assert answer.json() == {"detail": "Content-Type must be application/json here."}


def test_a_route_that_reads_nothing_takes_anything():
    route = Route("/v1/{rest:path}", echo, methods=["POST"], name=READS_NOTHING)
    form = {"headers": {"Content-Type": "multipart/form-data; boundary=x"}}
    assert status(path="/v1/edits", routes=[route], **form) == 200
    named = Route("/v1/generations", echo, methods=["POST"])
    assert status(path="/v1/generations", routes=[named, route], **form) == 415


def test_a_form_is_for_uploads_alone():
    form = {"headers": {"Content-Type": "multipart/form-data; boundary=x"}}
    assert status(**form) == 415
    assert status(path="/gradio_api/upload", **form) == 404  # unless there is such a route
    route = Route("/gradio_api/upload", echo, methods=["POST"])
    assert status(path="/gradio_api/upload", routes=[route], **form) == 200
    assert status(path="/gradio_api/upload", routes=[route]) == 415
    route = Route("/v1/images/edits", echo, methods=["POST"], name=READS_FORM)
    assert status(path="/v1/images/edits", routes=[route], **form) == 200
    assert status(path="/v1/images/edits", routes=[route]) == 415


def test_a_body_with_a_length_and_chunks_is_refused_and_its_connection_closed():
    framed = {"Content-Length": "2", "Transfer-Encoding": "chunked"}
    for method in ("GET", "POST"):
        [answer] = ask(method, headers=framed, content=b"{}")
        assert answer.status_code == 400
        assert answer.headers["connection"] == "close"


def test_a_website_under_a_name_that_is_not_ours_is_told_so():
    for method, path in (("GET", "/config"), ("POST", CALL), ("GET", "/gradio_api/file=/x")):
        [answer] = ask(method, path, headers={"Host": "evil.example:7860"})
        assert answer.status_code == 421
        assert "add the name to NINEFOLD_HOSTS" in answer.json()["detail"]
    assert status(headers={"Host": "pictures.example"}, origins=Origins(("*.example",))) == 200


def test_another_website_cannot_call_nor_read():
    evil = {"headers": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}}
    [answer] = ask(**evil)
    assert answer.status_code == 403
    assert "NINEFOLD_ORIGINS" in answer.json()["detail"]
    for method, path in (("GET", "/config"), ("OPTIONS", CALL)):
        assert "access-control-allow-origin" not in ask(method, path, **evil)[0].headers


def test_one_that_the_owner_allows_can_without_cookies():
    headers = {"Origin": "https://blog.example", "Access-Control-Request-Method": "POST",
               "Access-Control-Request-Headers": "content-type, authorization"}  # fmt: skip
    for callers, allowed in ((("*",), "*"), (("blog.example",), "https://blog.example")):
        origins = Origins((), callers)
        [answer] = ask("OPTIONS", CALL, headers=headers, origins=origins)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-headers"] == "content-type, authorization"
        [called] = ask(headers=headers, origins=origins)
        assert called.json()["origin"] is None  # gradio has no say in it
        for one in (answer, called):
            assert one.headers["access-control-allow-origin"] == allowed
            assert "access-control-allow-credentials" not in one.headers


async def swallow(request: Request) -> Response:
    """As FastAPI: any error on the way of the body is an answer of its own."""
    try:
        return await echo(request)
    except Exception:
        return PlainTextResponse("there was an error parsing the body", 400)


async def regroup(request: Request) -> Response:
    """As anyio's groups of tasks: errors come wrapped."""
    try:
        return await echo(request)
    except Exception as error:
        raise ExceptionGroup("unhandled", [error]) from error


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"a" * 2**20


@pytest.mark.parametrize("app", [echo, swallow, regroup])
def test_a_body_that_is_too_long_is_a_413_whatever_the_app_makes_of_it(app: Callable):
    [answer] = ask(app=app, content=endless())
    assert (answer.status_code, answer.json()["detail"][:23]) == (413, "The body is too long; a")


@pytest.mark.parametrize("app", [echo, swallow, regroup])
@pytest.mark.parametrize("piece", [b"[],", b'{"a":1},', b"[[", b'"a", '])
def test_a_body_of_too_many_values_is_a_413_whatever_the_app_makes_of_it(
    app: Callable, piece: bytes
):
    [answer] = ask(app=app, content=b'{"data": [' + bodies.MOST_VALUES * piece)
    assert (answer.status_code, answer.json()["detail"][:24]) == (413, "The body has too many va")


def test_a_form_may_hold_any_bytes():
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    routes = [Route(UPLOAD, echo, methods=["POST"])]
    [answer] = ask(path=UPLOAD, routes=routes, content=b"," * 100_000, headers=form)
    assert answer.json()["bytes"] == 100_000


@pytest.mark.parametrize("app", [echo, swallow, regroup])
def test_a_body_that_is_too_slow_is_a_408_whatever_the_app_makes_of_it(
    app: Callable, monkeypatch: pytest.MonkeyPatch
):
    async def silence() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.01)
    [answer] = ask(app=app, content=silence())
    assert (answer.status_code, answer.json()["detail"][:23]) == (408, "The body took too long;")


def test_there_is_an_end_to_the_bytes_of_an_address(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guard, "BYTES_A_MINUTE", 5000)
    first, second, third = ask(content=b"a" * 2000, times=3)
    assert (first.status_code, second.status_code, third.status_code) == (200, 200, 429)
    assert third.json()["detail"].startswith("Too many megabytes came from your address")
    assert 0 < int(third.headers["retry-after"]) <= 60


@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/info", "/gradio_api/mcp/schema/"])
def test_there_is_an_end_to_the_pages_of_an_address(path: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guard, "PAGES", "2/minute")
    *first, last = ask("GET", path, times=3)
    assert [answer.status_code for answer in first] == [200, 200]
    assert last.status_code == 429
    assert last.json()["detail"] == "More than 2/minute pages were asked for; wait a little."
    assert status("GET", "/static/x", times=3) == 200


def test_a_household_counts_once_whatever_addresses_it_has():
    [seen] = ask(peer="2001:db8:1:2:3:4:5:6")
    assert seen.json()["client"] == "2001:db8:1:2::/64"


def test_leaving_is_never_refused():
    for path in ("/gradio_api/cancel", "/gradio_api/reset"):
        assert status(path=path, times=3, rate="1/hour") == 200


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (OSError(errno.ENOSPC, "no space", "/secret/folder"), 507, "disk is full"),
        (MemoryError("secret"), 503, "not enough memory"),
        (ValueError("Received inputs: [secret]"), 500, r"made a mistake \(ValueError\)"),
    ],
)
def test_a_mistake_is_told_and_logged_without_its_words(
    error: Exception, code: int, sentence: str, caplog: pytest.LogCaptureFixture
):
    async def fail(request: Request) -> Response:
        raise error

    with caplog.at_level(logging.ERROR):
        [answer] = ask(app=fail)
    assert answer.status_code == code
    assert re.search(sentence, answer.json()["detail"])
    assert "secret" not in answer.text + caplog.text
    assert f"{type(error).__name__} in " in caplog.text
    assert "test_guard.py" in caplog.text


def test_ways_to_sign_in_are_shut_unless_they_are_given_and_then_limited():
    path = "/login/callback"
    assert [answer.status_code for answer in ask("GET", path)] == [404]
    answers = ask("GET", path, times=3, rate="2/minute", sign_in=(path,))
    assert [answer.status_code for answer in answers] == [200, 200, 429]
