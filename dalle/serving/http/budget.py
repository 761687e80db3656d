"""An end to what all requests together hold in memory."""

import threading
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Budget:
    """So many bytes, or pixels, for all together."""

    def __init__(self, most: int, full: Callable[[], Exception]) -> None:
        """`full` makes the exception for those who find no room."""
        self._most, self._full, self._held = most, full, 0
        self._lock = threading.Lock()

    def take(self, amount: int) -> None:
        """Raises `full()` where there is no room for so many more."""
        with self._lock:
            if self._held + amount > self._most:
                raise self._full()
            self._held += amount

    def give_back(self, amount: int) -> None:
        with self._lock:
            self._held -= amount


class BudgetedResponse(Response):
    """An answer that takes its bytes of a budget until it is sent, or its reader has gone."""

    def __init__(self, content: bytes, budget: Budget, media_type: str) -> None:
        super().__init__(content, media_type=media_type)
        budget.take(len(content))
        self._budget = budget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._budget.give_back(len(self.body))
