"""How long a connection may take to ask for something, and how many there may be.

uvicorn closes a connection that is silent after an answer, but waits for ever for the rest of a
request's head, and has no such setting.
"""

import asyncio
from typing import Any

from uvicorn import Server
from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEAD_SECONDS = 10.0  # that the head of a request may take, the first one's from connecting on
MOST = 900  # connections; a process may usually have 1,024 files open


class PunctualProtocol(AutoHTTPProtocol):
    """HTTP as uvicorn speaks it, with whoever asks in time."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def _idle(self) -> bool:
        """Whether no request is there whole, as far as its head goes."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        if len(self.connections) > MOST:
            transport.abort()
            return
        self._deadline = self.loop.call_later(HEAD_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._idle and self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.abort)
        super().data_received(data)
        if not self._idle:
            self._forget_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        super().connection_lost(exc)

    def _forget_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None


def limit_connections(server: Server) -> None:
    """Makes a running server expect punctuality of those who connect from now on.

    launch() has no parameter for it, but the server reads its configuration at each connection.
    """
    server.config.http_protocol_class = PunctualProtocol
