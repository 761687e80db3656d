"""The body of a request: its length, the values in it, and the time that it may take to come."""

import asyncio
from collections.abc import Callable

from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive

from dalle.serving.http.json_shape import JsonShape

# /rank takes pictures, and so does the panel that reads them; nothing else is long.
MAX_BODY = 8 * 2**20
BODY_SECONDS = 60.0  # that it may take to come
# Of JSON: 8 MB of empty lists are a second of parsing, in which nobody is answered, and 500 MB.
MOST_VALUES = 50_000
VALUES = (b",", b"[", b"{")  # each value but the first of its list or object follows a comma


class BodyError(Exception):
    """The body is longer than MAX_BODY, slower than BODY_SECONDS, too rich or deep, or one of too
    many.
    """

    def __init__(self, refusal: Response) -> None:
        super().__init__()
        self.refusal = refusal


class CountedBody:
    """`receive`, ending with BodyError where the body is too much; lengths may be lies.

    `take(bytes)` is called for each piece: seconds to wait until more bytes are taken. A `form`
    may hold any number of values, as it is no JSON.
    """

    def __init__(self, receive: Receive, take: Callable[[int], float], form: bool = False) -> None:
        self.refusal: Response | None = None  # kept here, as the BodyError may be caught on its way
        self._receive, self._take, self._form = receive, take, form
        self._count, self._values, self._whole = 0, 0, False
        self._shape = JsonShape()
        self._deadline = asyncio.get_running_loop().time() + BODY_SECONDS

    async def __call__(self) -> Message:
        try:
            # After the body it waits for the visitor to leave, as long as that takes.
            async with asyncio.timeout_at(None if self._whole else self._deadline):
                message = await self._receive()
        except TimeoutError as error:
            raise self._refuse(too_slow()) from error
        body = message.get("body", b"")
        piece = len(body)
        self._count += piece
        self._whole = not message.get("more_body", False)
        if self._count > MAX_BODY:
            raise self._refuse(too_long())
        if not self._form:
            self._values += sum(map(body.count, VALUES))
            if self._values > MOST_VALUES:
                raise self._refuse(too_rich())
            if sentence := self._shape.take(body, self._whole):
                raise self._refuse(told(400, sentence))
        wait = self._take(piece) if piece else 0.0
        if wait:
            raise self._refuse(too_much(wait))
        return message

    def _refuse(self, refusal: Response) -> BodyError:
        self.refusal = refusal
        return BodyError(refusal)


def too_long() -> Response:
    return told(413, f"The body is too long; at most {MAX_BODY // 2**20} MB are read.")


def too_rich() -> Response:
    return told(413, f"The body has too many values; at most {MOST_VALUES:,} are read.")


def too_slow() -> Response:
    return told(408, f"The body took too long; it must be here within {BODY_SECONDS:.0f} seconds.")


def too_much(wait: float) -> Response:
    return told(429, "Too many megabytes came from your address; wait a little.", wait)


def told(status: int, sentence: str, wait: float | None = None) -> Response:
    """A sentence, and where it is worth another try the whole seconds until then."""
    response = JSONResponse({"detail": sentence}, status)
    if wait is not None:
        response.headers["Retry-After"] = str(int(wait) + 1)
    return response
