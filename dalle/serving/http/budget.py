"""An end to what all requests together hold in memory."""

import threading
from collections import Counter
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

PIECE = 64 * 2**10  # bytes; the server waits between two pieces until the reader has taken one


class Budget:
    """So many bytes, or pixels, for all together, and for each visitor a part of them."""

    def __init__(self, most: int, full: Callable[[], Exception], each: int | None = None) -> None:
        """`full` makes the exception for those who find no room."""
        self._most, self._full = most, full
        self._each = most if each is None else each
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, amount: int, visitor: str = "") -> None:
        """Raises `full()` where there is no room for so many more."""
        with self._lock:
            own, all_held = self._held[visitor] + amount, self._held.total() + amount
            if all_held > self._most or own > self._each:
                raise self._full()
            self._held[visitor] = own

    def give_back(self, amount: int, visitor: str = "") -> None:
        with self._lock:
            self._held[visitor] -= amount
            self._held += Counter()  # forgets visitors who hold nothing


class BudgetedResponse(Response):
    """An answer that takes its bytes of a budget until it is sent, or its reader has gone."""

    def __init__(self, content: bytes, budget: Budget, media_type: str, visitor: str = "") -> None:
        super().__init__(content, media_type=media_type)
        budget.take(len(content), visitor)
        self._budget, self._visitor = budget, visitor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"status": self.status_code, "headers": self.raw_headers}
        try:
            await send({"type": "http.response.start", **start})
            for at in range(0, len(self.body), PIECE):
                piece, more = self.body[at : at + PIECE], at + PIECE < len(self.body)
                await send({"type": "http.response.body", "body": piece, "more_body": more})
        finally:
            self._budget.give_back(len(self.body), self._visitor)
