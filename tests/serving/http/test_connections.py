"""Connections that take their time: they are ended, and disturb nobody until then."""

import asyncio
import contextlib
import http.client
import socket
import time
import urllib.parse
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from dalle.serving.http import bodies, connections
from dalle.serving.http.guard import Guard
from dalle.serving.http.visitors import network_of
from tests.fakes.apart import run_apart
from tests.fakes.hostile import OPENAI

SLOW = 50
ROUNDS = 120  # of half a second; many times what a head may take


@pytest.fixture
def connect(quick_app: str) -> Iterator[Callable[[], socket.socket]]:
    """Opens connections to the app; they are closed in the end."""
    place = urllib.parse.urlsplit(quick_app)
    with contextlib.ExitStack() as opened:
        yield lambda: opened.enter_context(socket.create_connection((place.hostname, place.port)))


def is_closed(connection: socket.socket) -> bool:
    """Whether the server has ended it; what it said before that is read away."""
    connection.setblocking(False)
    try:
        while connection.recv(65_536):
            pass
        return True
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def trickle(connection: socket.socket) -> bool:
    """Sends one more letter; whether the connection is still there."""
    if is_closed(connection):
        return False
    try:
        connection.send(b"a")
    except ConnectionError:
        return False
    return True


def test_who_sends_half_a_head_is_not_waited_for(quick_app: str, connect: Callable) -> None:
    slow = [connect() for _ in range(SLOW)]
    half = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "
    silent, slow = slow[:10], slow[10:]
    for connection in slow:
        connection.sendall(half)
    # A second request on a connection that has had its answer is no different.
    slow.append(connect())
    slow[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + half)
    with httpx.Client(base_url=quick_app, timeout=60) as client:
        answer = client.post(OPENAI, json={"prompt": "a cat", "n": 1})
        assert answer.status_code == 200
        left = slow
        for _ in range(ROUNDS):
            left = [connection for connection in left if trickle(connection)]
            silent = [connection for connection in silent if not is_closed(connection)]
            if not (left or silent):
                break
            time.sleep(0.5)
        assert (left, silent) == ([], [])
        assert client.get("/healthz").status_code == 200


def test_who_waits_for_an_answer_is_left_alone(quick_app: str) -> None:
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(quick_app).netloc, timeout=60)
    connection.request("GET", "/gradio_api/heartbeat/abc")
    answer = connection.getresponse()
    read = b""
    while read.count(b"ALIVE") < 2:  # one at once and one a while later, after a head's time
        line = answer.readline()
        assert line, "the server ended the connection"
        read += line
    connection.close()


# The addresses that connect one after another; which of them are turned away.
CROWDS = [
    (5, ["a", "b", "c"], [False, False, True]),
    (1, ["a", "a", "b", "c"], [False, True, False, True]),
    (1, ["2001:db8::1", "2001:db8::2"], [False, True]),  # of one household
    (1, [None, None, None], [False, False, True]),  # nothing is known of who connects
]


@pytest.mark.parametrize(("most_of_one", "addresses", "ended"), CROWDS)
def test_there_is_an_end_to_how_many_there_may_be(
    most_of_one: int,
    addresses: list[str | None],
    ended: list[bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "MOST", 2)

    class Transport(asyncio.Transport):
        aborted = False

        def abort(self) -> None:
            self.aborted = True

    class Protocol(connections.PunctualProtocol):
        def __init__(self, everybody: set, address: str | None) -> None:
            self.connections, self._most_of_one = everybody, most_of_one
            self.client = (address, 1) if address else None
            self.loop = SimpleNamespace(call_later=lambda seconds, then: None)

    monkeypatch.setattr(
        connections.AutoHTTPProtocol,
        "connection_made",
        lambda self, transport: self.connections.add(self),
    )
    read: list[str] = []
    monkeypatch.setattr(
        connections, "network_of", lambda address: read.append(address) or network_of(address)
    )
    everybody, transports = set(), [Transport() for _ in addresses]
    for transport, address in zip(transports, addresses, strict=True):
        protocol = Protocol(everybody, address)
        protocol.connection_made(transport)
        if transport.aborted:
            everybody.remove(protocol)
    assert [transport.aborted for transport in transports] == ended
    # Once for each: read again for all at every new one, hundreds kept the event loop for seconds.
    assert read == [address for address in addresses if address]


@pytest.mark.parametrize(("left", "ended"), [([100, 100], True), ([100, 90, 90], True),
                                             ([100, 90, 80], False)])  # fmt: skip
def test_a_reader_who_takes_nothing_is_not_waited_for(
    left: list[int], ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    later, aborted = [], []
    sizes = iter(left + left[-1:])

    class Protocol(connections.PunctualProtocol):
        def __init__(self) -> None:
            self._unread = None
            self.transport = SimpleNamespace(
                abort=lambda: aborted.append(1), get_write_buffer_size=lambda: next(sizes)
            )
            self.loop = SimpleNamespace(
                call_later=lambda seconds, then: (
                    later.append(then) or SimpleNamespace(cancel=later.clear)
                )
            )

    base = connections.AutoHTTPProtocol
    monkeypatch.setattr(base, "pause_writing", lambda self: None, raising=False)
    monkeypatch.setattr(base, "resume_writing", lambda self: None, raising=False)
    protocol = Protocol()
    # Each look reads the size, and each new watch reads it once more.
    sizes = iter([left[0]] + [size for size in left[1:] for _ in (0, 1)])
    protocol.pause_writing()
    for _ in left[1:]:
        later.pop(0)()
    assert bool(aborted) is ended
    protocol.resume_writing()
    assert later == []


@pytest.mark.parametrize(("hops", "most"), [(0, connections.MOST_OF_ONE), (1, connections.MOST)])
def test_connections_of_a_proxy_are_not_those_of_one_visitor(
    hops: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections.HTTP_PROTOCOLS, "auto", None)
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "127.0.0.1")
    connections.limit_connections(hops)
    config = uvicorn.Config(Starlette())
    assert config.forwarded_allow_ips == ""  # nobody's X-Forwarded-For is believed by uvicorn
    config.load()
    protocol = config.http_protocol_class
    assert protocol.func is connections.PunctualProtocol
    assert protocol.keywords == {"most_of_one": most}


@pytest.mark.parametrize("pieces", [[], [b"{"]])
def test_a_body_that_does_not_come_is_not_waited_for(
    pieces: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.01)
    sent, left = [], list(pieces)

    async def receive() -> dict:
        if left:
            return {"type": "http.request", "body": left.pop(0), "more_body": True}
        return await asyncio.get_running_loop().create_future()  # for ever

    async def send(message: dict) -> None:
        sent.append(message)

    async def read_on(scope: dict, receive, send) -> None:
        while True:
            await receive()

    scope = {"type": "http", "method": "POST", "path": OPENAI, "client": ("x", 1)}
    scope["headers"] = [(b"content-type", b"application/json")]
    route = Route(OPENAI, lambda request: None, methods=["POST"])
    run_apart(Guard(read_on, "10/minute", 0, [route])(scope, receive, send))
    assert sent[0]["status"] == 408
    assert b"took too long" in sent[1]["body"]


def test_who_has_sent_everything_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.01)
    left = [{"type": "http.disconnect"}, {"type": "http.request", "body": b"{}"}]

    async def receive() -> dict:
        await asyncio.sleep(0.05 if len(left) == 1 else 0)
        return left.pop()

    async def read_all() -> list[str]:
        counted = bodies.CountedBody(receive, lambda piece: 0.0)
        return [(await counted())["type"] for _ in range(2)]

    assert run_apart(read_all()) == ["http.request", "http.disconnect"]


def test_a_body_in_very_many_chunks_is_not_read(connect: Callable) -> None:
    head = f"POST {OPENAI} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += "Transfer-Encoding: chunked\r\n\r\n"
    body = b'{"prompt": 3' + b" " * 500 + b"}"
    usual, many = connect(), connect()
    usual.sendall(head.encode() + b"".join(b"1\r\n%c\r\n" % each for each in body) + b"0\r\n\r\n")
    usual.settimeout(60)
    assert usual.recv(100).startswith(b"HTTP/1.1 400 ")
    many.settimeout(60)
    with contextlib.suppress(ConnectionError):
        many.sendall(head.encode() + b"1\r\n \r\n" * connections.MOST_LINES)
        assert many.recv(100) == b""
