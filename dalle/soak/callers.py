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
    """What became of a request: "drawn", "refused" (with a time to come back), "told" or "lost"."""

    outcome: str
    seconds: float
    preview: float | None = None  # seconds to the first one


async def ask_page(client: httpx.AsyncClient, **knobs: object) -> Ending:
    """A request in the protocol of the page: joined first, then listened to."""
    started, preview, event = time.monotonic(), None, ""
    try:
        joined = await client.post(f"{CALL}/v2/generate", json=knobs)
        if joined.status_code != 200:
            return Ending("told", time.monotonic() - started)
        name = joined.json()["event_id"]
        async with client.stream("GET", f"{CALL}/generate/{name}") as stream:
            async for line in stream.aiter_lines():
                if line.startswith("event:"):
                    event = line.partition(":")[2].strip()
                elif event == "generating" and preview is None and '"drawing"' in line:
                    if json.loads(line.partition(":")[2])[2]:
                        preview = time.monotonic() - started
                elif event in ("complete", "error"):
                    outcome = "drawn" if event == "complete" else "told"
                    return Ending(outcome, time.monotonic() - started, preview)
    except (httpx.TransportError, ValueError):
        pass
    return Ending("lost", time.monotonic() - started, preview)


async def ask_program(client: httpx.AsyncClient, **order: object) -> Ending:
    """A request in the form of the OpenAI Images API."""
    started = time.monotonic()
    try:
        answer = await client.post(IMAGES, json=order)
        outcome = "drawn" if answer.status_code == 200 else "lost"
        if answer.status_code == 503 and "retry-after" in answer.headers:
            outcome = "refused"
        elif "error" in answer.json():
            outcome = "told"
    except (httpx.TransportError, ValueError):
        outcome = "lost"
    return Ending(outcome, time.monotonic() - started)


async def leave_early(client: httpx.AsyncClient, **order: object) -> None:
    """Asks, and is gone before the answer."""
    with contextlib.suppress(httpx.TimeoutException):
        await client.post(IMAGES, json=order, timeout=0.3)


async def join_silently(client: httpx.AsyncClient, **knobs: object) -> None:
    """Joins the queue and never listens."""
    await client.post(f"{CALL}/v2/generate", json=knobs)


async def dawdle(address: str, seconds: float) -> None:
    """Sends a header a letter at a time."""
    place = urlsplit(address)
    _, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(b"GET / HTTP/1.1\r\nX-Slow: ")
    for _ in range(int(4 * seconds)):
        writer.write(b"a")
        await asyncio.sleep(0.25)
    writer.close()


async def send_rubbish(client: httpx.AsyncClient, number: int) -> None:
    """A body that is no request."""
    rubbish = [b"{", b"[" * 10_000, b'{"prompt": 3}', b"\xff", b'{"prompt": "a", "n": -1}']
    await client.post(IMAGES, content=rubbish[number % len(rubbish)])
