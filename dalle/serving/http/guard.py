"""The door in front of gradio: limits the routes, sizes, rates and origins of requests.

It stands in app_kwargs["middleware"] of launch(). Addresses are used and forgotten, never logged.
"""

import logging
import re
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dalle.engine.messages import DISK_FULL, NO_MEMORY, is_disk_full, is_out_of_memory
from dalle.errors import describe_fault
from dalle.serving.http.bodies import MAX_BODY, CountedBody, told, too_long
from dalle.serving.http.nothing_here import answer_nothing_here
from dalle.serving.http.origins import Origins
from dalle.serving.http.rates import RateLimit
from dalle.serving.http.routes import (
    LEAVING,
    READS_FORM,
    READS_NOTHING,
    UPLOAD,
    is_written_anew,
    may_be_asked_for,
    route_of,
)
from dalle.serving.http.sub_path import under_path
from dalle.serving.http.visitors import address_of, asking, network_of

log = logging.getLogger(__name__)

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "DELETE")
PAGES = "240/minute"  # of those that are written anew, for an address; a school has one for all
FORM = "multipart/form-data"
BYTES_A_MINUTE = 64 * 2**20  # of bodies, from an address
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    # Other sites may show the page in a frame: that is a feature.
    "Content-Security-Policy": "object-src 'none'; base-uri 'self'",
}


# A proxy's word about the address that visitors see; where there is none anybody can write it.
FORWARDED = frozenset(
    (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-port",
     b"x-forwarded-prefix", b"x-forwarded-proto", b"x-gradio-server")
)  # fmt: skip
# One part of a file. Gradio makes a 500 of anything else; every server may ignore it.
RANGE = re.compile(rb"bytes=(?:([0-9]{1,15})-([0-9]{1,15})?|-[0-9]{1,15})")


class Guard:
    """ASGI middleware.

    `rate` is such as "120/minute"; `routes` are our own, beside gradio's; `root_path` is the path
    that a proxy shows the server under, where it is set. `sign_in` are gradio's paths for it; they
    may make the server ask the Hub, so that their rate is limited too.
    """

    def __init__(
        self,
        app: ASGIApp,
        rate: str,
        trusted_hops: int,
        routes: Sequence[Route] = (),
        origins: Origins | None = None,
        root_path: str = "",
        sign_in: Collection[str] = (),
    ) -> None:
        self.app, self._sign_in = app, sign_in
        self._trusted_hops, self._routes, self._root_path = trusted_hops, routes, root_path
        self._origins = origins or Origins()
        self._rate_text, self._rate = rate, RateLimit.read(rate)
        self._pages = RateLimit.read(PAGES)
        self._bytes = RateLimit(BYTES_A_MINUTE, 60.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visitor = network_of(address_of(scope, self._trusted_hops))
        if not self._trusted_hops:
            scope = without(scope, FORWARDED)
        if not asks_for_one_part(scope):
            scope = without(scope, {b"range"})
        scope = under_path(scope, self._trusted_hops > 0, self._root_path)
        scope = scope | {"client": (visitor, 0)}
        headers = Headers(scope=scope)
        answer = Answer(send, headers, self._origins, anew=is_written_anew(scope["path"]))
        refusal = self._refuse(scope, headers, visitor)
        if refusal:
            await refusal(scope, receive, answer.send)
            return
        form = kind_of_body(headers) == FORM
        body = CountedBody(receive, lambda piece: self._bytes.take(visitor, piece), form)
        answer.body = body
        try:
            with asking(scope):
                # Gradio would have rules of its own about other websites.
                await self.app(without(scope, {b"origin"}), body, answer.send)
        except Exception as error:
            await answer.end_with(body.refusal or explain(error, answer), scope, receive)
        else:
            if body.refusal and not answer.started:
                await answer.end_with(body.refusal, scope, receive)

    def _refuse(self, scope: Scope, headers: Headers, visitor: str) -> Response | None:
        """The answer that refuses a request; None where it is allowed."""
        path, method = scope["path"], scope["method"]
        if not self._origins.knows(headers):
            return told(
                421,
                "This server does not go by the name in the address; its owner can add the "
                "name to NINEFOLD_HOSTS.",
            )
        signs_in = path in self._sign_in
        if not (signs_in or may_be_asked_for(path, self._routes)):
            root = scope.get("root_path") or urlsplit(self._root_path).path
            return answer_nothing_here(headers, root)
        if method not in METHODS:
            return told(405, "This method is not known here; GET and POST are.")
        if method not in ("GET", "HEAD") and not self._origins.may_call(headers):
            return told(
                403,
                "Other websites may not call this server; its owner can allow them in "
                "NINEFOLD_ORIGINS.",
            )
        if method == "OPTIONS" and "access-control-request-method" in headers:
            return self._origins.preflight(headers)
        if "transfer-encoding" in headers and "content-length" in headers:
            # A proxy may believe the other one, and see another request after the body.
            refusal = told(400, "The body has both a length and chunks; send one of them.")
            refusal.headers["Connection"] = "close"
            return refusal
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdecimal()) or len(length) > 12:
            return told(400, "The length of the body is no number.")
        if int(length) > MAX_BODY:
            return too_long()
        if signs_in:
            return self._refuse_often(visitor)
        if is_written_anew(path) and (wait := self._pages.take(visitor)):
            return told(429, f"More than {PAGES} pages were asked for; wait a little.", wait)
        return self._refuse_post(path, headers, visitor) if method == "POST" else None

    def _refuse_post(self, path: str, headers: Headers, visitor: str) -> Response | None:
        path = path.rstrip("/")
        # Any website can send forms and plain text without permission.
        kind = kind_of_body(headers)
        route = route_of(path, self._routes)
        form = path == UPLOAD or (route is not None and route.name == READS_FORM)
        wanted = FORM if form else "application/json"
        if kind != wanted and not (route and route.name == READS_NOTHING):
            return told(415, f"Content-Type must be {wanted} here.")
        return None if path in LEAVING else self._refuse_often(visitor)

    def _refuse_often(self, visitor: str) -> Response | None:
        wait = self._rate.take(visitor)
        if wait:
            return told(429, f"More than {self._rate_text} were asked for; wait a little.", wait)
        return None


class Answer:
    """The answer with our headers; a refusal in its place where the body was too much."""

    def __init__(self, send: Send, headers: Headers, origins: Origins, anew: bool = False) -> None:
        self.started, self.streaming, self._anew = False, False, anew
        self.body: CountedBody | None = None
        self._send, self._headers, self._origins = send, headers, origins

    async def send(self, message: Message) -> None:
        # Frameworks make an answer of their own of a BodyError, such as a 400 or a 500.
        if self.body and self.body.refusal and not self.started:
            return
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            self.streaming = headers.get("content-type", "").startswith("text/event-stream")
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if self._anew:
                # A proxy's cache would give one visitor's page, with its addresses, to others.
                headers.setdefault("Cache-Control", "no-cache")
            self._origins.allow(self._headers, headers)
        await self._send(message)

    async def end_with(self, last: Response, scope: Scope, receive: Receive) -> None:
        """Ends with this answer, or breaks off where another one has begun."""
        if not self.started:
            self.body = None
            await last(scope, receive, self.send)
        elif self.streaming:
            # Gradio tells of an unknown event in its stream, and then breaks the stream off.
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            raise ConnectionAbortedError("an answer broke off") from None


def explain(error: Exception, answer: Answer) -> Response:
    """The answer for a fault of ours: its kind; the log has its place, never its words."""
    if not answer.streaming:
        log.error("a request failed: %s", describe_fault(error))
    if is_disk_full(error):
        return told(507, DISK_FULL)
    if is_out_of_memory(error):
        return told(503, NO_MEMORY)
    return told(
        500,
        f"The server made a mistake ({type(error).__name__}); its owner finds the place in "
        "its log.",
    )


def kind_of_body(headers: Headers) -> str:
    """The type of the body's content, without its parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def without(scope: Scope, names: Collection[bytes]) -> Scope:
    """The request without the headers of these names."""
    return scope | {"headers": [pair for pair in scope["headers"] if pair[0] not in names]}


def asks_for_one_part(scope: Scope) -> bool:
    """Whether all that a request says of ranges is one part of a file that may be there."""
    asked = [RANGE.fullmatch(value.strip()) for name, value in scope["headers"] if name == b"range"]
    if len(asked) != 1 or asked[0] is None:
        return False
    first, last = asked[0].groups()
    return last is None or int(first) <= int(last)
