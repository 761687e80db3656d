"""The door: whatever is sent, an answer that says little, and nothing that leaks."""

import contextlib
import http.client
import re
import urllib.parse

import httpx
import pytest

from tests.fakes.hostile import API, JSON, OPENAI, addresses, bodies
from tests.serving.conftest import serving

SECRETS = re.compile(r"root:.*:0:0|Traceback|PATH=|site-packages|def main|ninefold_door|import os")

JSON_ROUTES = ("mcp/", "call/generate", "call/v2/generate", "queue/join", "component_server")


@pytest.fixture(scope="module")
def client(quick_app: str):
    with httpx.Client(base_url=quick_app, timeout=60) as client:
        yield client


def memory(client: httpx.Client) -> float:
    """Megabytes resident, as the server itself tells."""
    text = client.get("/metrics").text
    return float(re.search(r"^process_resident_memory_bytes (\S+)", text, re.MULTILINE)[1]) / 2**20


def test_bad_bodies_are_refused_and_no_more(client: httpx.Client) -> None:
    requests = list(bodies())
    assert len(requests) > 200
    failed, refused = [], []
    for path, body, kind in requests:
        headers = {"Accept": "application/json, text/event-stream"}  # as MCP wants it
        headers |= {"Content-Type": kind} if kind else {}
        try:
            answer = client.post(path, content=body, headers=headers)
        except httpx.TransportError as error:
            failed.append((path, body[:80], kind, repr(error)))
            continue
        if 400 <= answer.status_code < 500:
            refused.append((path, body, headers))
        if answer.status_code >= 500 or SECRETS.search(answer.text):
            failed.append((path, body[:80], kind, answer.status_code, answer.text[:200]))
    assert not failed, failed
    # Nothing stays of what was refused. (Odd prompts are drawn like any others.)
    assert len(refused) > 200
    before = memory(client)
    for path, body, headers in refused:
        client.post(path, content=body, headers=headers)
    assert memory(client) - before < 5
    good = client.post(OPENAI, json={"prompt": "a cat", "n": 1})
    assert good.status_code == 200, good.text


@pytest.mark.parametrize("path", [OPENAI, *(f"{API}/{name}" for name in JSON_ROUTES)])
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"[" * 40_000 + b"]" * 40_000, "The body is nested too deeply; at most 64 levels are"),
        (b'{"id": ' + b"9" * 5_000 + b"}", "A number in the body has too many digits; at most 1,0"),
        (b'{"id": "\xff"}', "The body is no JSON that can be read: it must be in UTF-8."),
    ],
    ids=["deep", "long", "bytes"],
)
def test_every_route_refuses_json_that_no_parser_takes(
    client: httpx.Client, path: str, body: bytes, sentence: str
) -> None:
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": JSON}
    answer = client.post(path, content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(sentence)


def get(address: str, path: str) -> tuple[int, str]:
    """An answer to a path that no client library mends first."""
    place = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    try:
        connection.putrequest("GET", path, skip_accept_encoding=True)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read(100_000).decode(errors="replace")
    finally:
        connection.close()


def test_paths_and_other_servers_leak_nothing(quick_app: str) -> None:
    paths = addresses()
    assert len(paths) >= 60
    answers = {path: get(quick_app, path) for path in paths}
    leaks = {path: answer for path, answer in answers.items()
             if not 400 <= answer[0] < 500 or SECRETS.search(answer[1])}  # fmt: skip
    assert leaks == {}


RANGES = {
    "bytes=0-1": 206, "bytes=5-": 206, "bytes=-5": 206, "bytes=0-99999999": 206,
    "bytes=99999999-": 416, "bytes=-0": 416,
    "bytes=0-1,3-4": 200, "bytes=0-1, -5": 200, "bytes=5-2": 200, "bytes=--1": 200, "bytes=": 200,
    "bytes=a-b": 200, "items=0-1": 200, "bytes=1-" + 5_000 * "9": 200, "bytes=1": 200, "\xb2": 200,
    "bytes=0-0" + 300 * ",0-0": 200,
}  # fmt: skip


@pytest.mark.parametrize("asked", RANGES, ids=lambda asked: asked[:20])
def test_a_file_is_given_whole_or_one_part_of_it(client: httpx.Client, asked: str) -> None:
    made = client.post(OPENAI, json={"prompt": "a cat", "n": 1, "seed": 1}).json()
    for path in (made["data"][0]["url"], "/static/img/logo.svg"):
        answer = client.get(path, headers={"Range": asked.encode("latin-1")})
        assert answer.status_code == RANGES[asked]


@pytest.mark.parametrize(
    "path", ["/call/generate/x", "/call/v2/status/x", "/queue/data?session_hash=x"]
)
def test_the_stream_of_an_unknown_event_ends_in_order(client: httpx.Client, path: str) -> None:
    answer = client.get(API + path)
    assert "event: error" in answer.text or "unexpected_error" in answer.text
    assert not SECRETS.search(answer.text)


def test_a_body_that_is_too_long_is_refused_whatever_it_says(client: httpx.Client) -> None:
    before = memory(client)
    told = client.post(OPENAI, content=b"a" * (30 * 2**20))
    assert told.status_code == 413
    assert "at most 8 MB" in told.json()["detail"]

    def unannounced():
        for _ in range(30):
            yield b"a" * 2**20

    form = {"Content-Type": "multipart/form-data; boundary=x"}
    with contextlib.suppress(httpx.TransportError):  # the server did not wait for the rest
        told = client.post(f"{API}/upload", content=unannounced(), headers=form)
        assert told.status_code in (400, 413)
    assert memory(client) - before < 30


def test_every_answer_has_the_headers(client: httpx.Client) -> None:
    for path in ("/", "/nothing", "/healthz", f"{API}/info"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "object-src 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"]
        assert headers["permissions-policy"]


def test_probes_and_figures(client: httpx.Client) -> None:
    assert client.get("/healthz").text == "alive\n"
    assert client.get("/readyz").text == "fake draws\n"
    client.post(OPENAI, json={"prompt": "a cat that nobody is told of", "n": 1})
    text = client.get("/metrics").text
    assert 'ninefold_requests_total{outcome="drawn"}' in text
    assert "ninefold_batch_seconds_bucket" in text
    assert "nobody is told" not in text
    assert "127.0.0.1" not in text


def test_a_visitor_who_asks_too_often_is_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NINEFOLD_RATE_LIMIT", "3/hour")
    monkeypatch.setenv("NINEFOLD_TRUSTED_HOPS", "1")
    with serving("-m", "tests.fakes.engine") as address, httpx.Client(base_url=address) as client:

        def ask(forwarded: str) -> httpx.Response:
            return client.post(OPENAI, json={"prompt": 3}, headers={"X-Forwarded-For": forwarded})

        # What stands left of our proxy's own entry is what the visitor claims.
        answers = [ask(f"10.0.0.{number}, 192.0.2.1") for number in range(4)]
        assert [answer.status_code for answer in answers] == [400, 400, 400, 429]
        assert int(answers[-1].headers["retry-after"]) > 0
        assert ask("192.0.2.2").status_code == 400
        assert client.get("/healthz").status_code == 200
