"""Limits of connections: the time for the head of a request and for reading an answer, and their
number in all and per address.

uvicorn closes a connection that is silent after an answer. It waits for ever for the rest of a
request's head, and for a reader who takes nothing; it has no setting for either.
"""

import asyncio
import os
from functools import partial
from typing import Any

from uvicorn.config import HTTP_PROTOCOLS
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from dalle.serving.http.visitors import network_of

HEAD_SECONDS = 10.0  # that the head of a request may take, the first one's from connecting on
UNREAD_SECONDS = 60.0  # after which a reader is gone who has taken nothing
MOST = 900  # connections; a process may usually have 1,024 files open
MOST_OF_ONE = 200  # of an address; a browser has six at most, but many may share an address
# Of a request, in its head or between the chunks of its body: the event loop reads 80,000 chunks of
# one byte in a second, and nobody is answered meanwhile.
MOST_LINES = 10_000


class PunctualProtocol(AutoHTTPProtocol):
    """uvicorn's HTTP with a time limit for the head of a request."""

    def __init__(self, *arguments: Any, most_of_one: int = MOST, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._most_of_one, self._lines = most_of_one, 0
        self.network: str | None = None  # of the address, as visitors are counted
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    @property
    def _crowded(self) -> bool:
        """Whether there are too many, of all or of this address, with this one."""
        everybody = self.connections
        if len(everybody) > MOST or self.network is None:
            return len(everybody) > MOST
        same = sum(other.network == self.network for other in everybody)
        return same > self._most_of_one

    @property
    def _idle(self) -> bool:
        """Whether no request is there whole, as far as its head goes."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.network = network_of(self.client[0]) if self.client else None
        if self._crowded:
            transport.abort()
            return
        self._deadline = self.loop.call_later(HEAD_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._idle and self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.abort)
            self._lines = 0
        self._lines += data.count(b"\r\n")
        if self._lines > MOST_LINES:
            self.transport.abort()
            return
        super().data_received(data)
        if not self._idle:
            self._forget_deadline()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reader()

    def _watch_reader(self) -> None:
        left = self.transport.get_write_buffer_size()

        def look_again() -> None:
            if self.transport.get_write_buffer_size() < left:
                self._watch_reader()
            else:
                self.transport.abort()

        self._unread = self.loop.call_later(UNREAD_SECONDS, look_again)

    def resume_writing(self) -> None:
        self._forget_unread()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        self._forget_unread()
        super().connection_lost(exc)

    def _forget_unread(self) -> None:
        if self._unread:
            self._unread.cancel()
            self._unread = None

    def _forget_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None


def limit_connections(trusted_hops: int) -> None:
    """Gives servers that this process starts from now on a time limit for requests.

    Behind proxies of our own all connections are theirs, so one address may have all of them.
    launch() has no parameter for it, so uvicorn's own choice of a protocol is replaced. (Done to
    the server after launch() has begun it, the first to connect would not be limited.)
    """
    most_of_one = MOST if trusted_hops else MOST_OF_ONE
    # It would believe X-Forwarded-For of any peer on this machine; the guard alone decides that.
    os.environ["FORWARDED_ALLOW_IPS"] = ""
    HTTP_PROTOCOLS["auto"] = partial(PunctualProtocol, most_of_one=most_of_one)
