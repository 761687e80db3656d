"""Visitors: those who wait for their pictures, and those who do not behave."""

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

CALL = "/gradio_api/call"
IMAGES = "/v1/images/generations"


@dataclass(frozen=True)
class Ending:
    """What became of a request: "drawn", "refused" (with a time to come back), "told" or "lost".

    Told means in a sentence: an error without one is a loss.
    """

    outcome: str
    seconds: float
    preview: float | None = None  # seconds to the first one
    sentence: str = ""  # that was told


async def ask_page(client: httpx.AsyncClient, **knobs: object) -> Ending:
    """A request in the protocol of the page: joined first, then listened to."""
    started, preview, event = time.monotonic(), None, ""
    try:
        joined = await client.post(f"{CALL}/v2/generate", json=knobs)
        if joined.status_code != 200:
            return _tell(joined.json()["detail"], started)
        name = joined.json()["event_id"]
        async with client.stream("GET", f"{CALL}/generate/{name}") as stream:
            async for line in stream.aiter_lines():
                if line.startswith("event:"):
                    event = line.partition(":")[2].strip()
                elif event == "generating" and preview is None and '"drawing"' in line:
                    if json.loads(line.partition(":")[2])[2]:
                        preview = time.monotonic() - started
                elif line.startswith("data:") and event == "complete":
                    return Ending("drawn", time.monotonic() - started, preview)
                elif line.startswith("data:") and event == "error":
                    return _tell(json.loads(line.partition(":")[2])["error"], started)
    except (httpx.TransportError, ValueError, TypeError, KeyError):
        pass  # no connection, or no answer of ours
    return Ending("lost", time.monotonic() - started, preview)


async def ask_program(client: httpx.AsyncClient, **order: object) -> Ending:
    """A request in the form of the OpenAI Images API."""
    started = time.monotonic()
    try:
        answer = await client.post(IMAGES, json=order)
        if answer.status_code == 503 and "retry-after" in answer.headers:
            return Ending("refused", time.monotonic() - started)
        if answer.status_code != 200:
            return _tell(answer.json()["error"]["message"], started)
        return Ending("drawn" if answer.json()["data"] else "lost", time.monotonic() - started)
    except (httpx.TransportError, ValueError, TypeError, KeyError):
        return Ending("lost", time.monotonic() - started)


def _tell(sentence: str | None, started: float) -> Ending:
    outcome = "told" if sentence else "lost"
    return Ending(outcome, time.monotonic() - started, sentence=sentence or "")


async def ask_status(client: httpx.AsyncClient) -> None:
    """The smallest request of a program."""
    joined = await client.post(f"{CALL}/v2/status", json={})
    await client.get(f"{CALL}/status/{joined.json()['event_id']}")


async def leave_early(client: httpx.AsyncClient, **order: object) -> None:
    """Asks, and is gone before the answer."""
    with contextlib.suppress(httpx.TimeoutException):
        await client.post(IMAGES, json=order, timeout=0.3)


async def join_silently(client: httpx.AsyncClient, **knobs: object) -> None:
    """Joins the queue and never listens."""
    await client.post(f"{CALL}/v2/generate", json=knobs)


async def dawdle(address: str, seconds: float) -> bool:
    """Sends a header a letter at a time; whether the server had enough of it before."""
    place = urlsplit(address)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(b"GET / HTTP/1.1\r\nX-Slow: ")
    ended = asyncio.create_task(_read_to_the_end(reader))
    for _ in range(int(4 * seconds)):
        if ended.done():
            break
        writer.write(b"a")
        await asyncio.sleep(0.25)
    writer.close()
    return not ended.cancel()


async def _read_to_the_end(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(ConnectionError):
        await reader.read()


async def send_rubbish(client: httpx.AsyncClient, number: int) -> None:
    """A body that is no request."""
    rubbish = [b"{", b"[" * 10_000, b'{"prompt": 3}', b"\xff", b'{"prompt": "a", "n": -1}']
    json = {"Content-Type": "application/json"}
    await client.post(IMAGES, content=rubbish[number % len(rubbish)], headers=json)
