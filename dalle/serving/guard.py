"""The door in front of gradio: what may be asked for, how much of it, and how often.

It stands in app_kwargs["middleware"] of launch(). Addresses are used and forgotten, never logged.
"""

import asyncio
import math
import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dalle.serving.visitors import address_of

API = "/gradio_api"
EXACT = frozenset(
    ("/", "/config", "/theme.css", "/favicon.ico", "/robots.txt", "/manifest.json", "/pwa_icon",
     "/healthz", "/readyz", "/metrics", f"{API}/theme.css", f"{API}/info", f"{API}/openapi.json",
     f"{API}/app_id", f"{API}/startup-events", f"{API}/queue/join", f"{API}/queue/data",
     f"{API}/cancel", f"{API}/reset", f"{API}/component_server", f"{API}/upload",
     f"{API}/upload_progress", f"{API}/runs", f"{API}/mcp")
)  # fmt: skip
UNDER = (
    "/static/", "/assets/", "/svelte/", "/pwa_icon/", "/v1/", f"{API}/call/", f"{API}/heartbeat/",
    f"{API}/run/", f"{API}/file=", f"{API}/mcp/",
)  # fmt: skip
FILES = f"{API}/file="
# /rank takes pictures, and so does the panel that reads them; nothing else is long.
MAX_BODY = 8 * 2**20
BODY_SECONDS = 60.0  # that it may take to come
# A drawing is counted where it is asked for; the page asks for little things far more often.
COUNTED = (
    f"{API}/call/", f"{API}/run/", f"{API}/queue/join", f"{API}/upload",
    f"{API}/component_server", f"{API}/mcp", "/v1/images",
)  # fmt: skip
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    # Other sites may show the page in a frame: that is a feature.
    "Content-Security-Policy": "object-src 'none'; base-uri 'self'",
}


class BodyError(Exception):
    """The body is longer than MAX_BODY, or slower than BODY_SECONDS."""

    def __init__(self, refusal: Response) -> None:
        super().__init__()
        self.refusal = refusal


class Guard:
    """ASGI middleware; `rate` as the library `limits` reads it, such as "120/minute"."""

    def __init__(self, app: ASGIApp, rate: str, trusted_hops: int) -> None:
        self.app = app
        self.trusted_hops = trusted_hops
        self._rate: RateLimitItem = parse(rate)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visitor = address_of(scope, self.trusted_hops)
        scope = scope | {"client": (visitor, 0)}
        started = streaming = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started, streaming
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                streaming = headers.get("content-type", "").startswith("text/event-stream")
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refuse(scope) or await self._slow_down(scope, visitor)
        if refusal is None:
            try:
                await self.app(scope, counted(receive), send_with_headers)
                return
            except BodyError as error:
                if started:
                    raise
                refusal = error.refusal
            except Exception:
                # Gradio tells of an unknown event in its stream, and then breaks the stream off.
                if not streaming:
                    raise
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
        await refusal(scope, receive, send_with_headers)

    def _refuse(self, scope: Scope) -> Response | None:
        """An answer to what is never done, whoever asks; None where it may be."""
        path = scope["path"]
        if not may_be_asked_for(path):
            return told(404, "There is nothing at this address.")
        if scope["method"] not in ("GET", "HEAD", "OPTIONS", "POST", "DELETE"):
            return told(405, "This method is not known here; GET and POST are.")
        length = Headers(scope=scope).get("content-length", "0")
        if not (length.isascii() and length.isdecimal()) or len(length) > 12:
            return told(400, "The length of the body is no number.")
        return too_long() if int(length) > MAX_BODY else None

    async def _slow_down(self, scope: Scope, visitor: str) -> Response | None:
        """An answer to who asks too often."""
        if scope["method"] != "POST" or not scope["path"].startswith(COUNTED):
            return None
        if await self._limiter.hit(self._rate, visitor):
            return None
        stats = await self._limiter.get_window_stats(self._rate, visitor)
        response = told(429, f"More than {self._rate} were asked for; wait a little.")
        response.headers["Retry-After"] = str(seconds_until(stats.reset_time))
        return response


def seconds_until(moment: float) -> int:
    """Whole seconds from now, at least one."""
    return max(1, math.ceil(moment - time.time()))


def may_be_asked_for(path: str) -> bool:
    """Whether something of ours is there; nothing is fetched from other servers."""
    if path.startswith(FILES):
        return path[len(FILES) :].startswith("/") and "://" not in path
    return (path.rstrip("/") or "/") in EXACT or path.startswith(UNDER)


def counted(receive: Receive) -> Receive:
    """`receive`, ending with BodyError where the body is too long or slow; lengths may be lies."""
    count, whole, deadline = 0, False, asyncio.get_running_loop().time() + BODY_SECONDS

    async def receive_counted() -> Message:
        nonlocal count, whole
        try:
            # After the body it waits for the visitor to leave, as long as that takes.
            async with asyncio.timeout_at(None if whole else deadline):
                message = await receive()
        except TimeoutError as error:
            raise BodyError(too_slow()) from error
        count += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if count > MAX_BODY:
            raise BodyError(too_long())
        return message

    return receive_counted


def too_long() -> Response:
    return told(413, f"The body is too long; at most {MAX_BODY // 2**20} MB are read.")


def too_slow() -> Response:
    return told(408, f"The body took too long; it must be here within {BODY_SECONDS:.0f} seconds.")


def told(status: int, sentence: str) -> Response:
    return JSONResponse({"detail": sentence}, status)
