"""Work beside the queue, such as reading a file's mark: few at a time, and never many who wait.

A picture's mark is sought for a second or two of a core. Whoever sends a hundred files at once
would else take all cores from those who draw, and all threads from those who load the page.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from dalle.engine.admission import BusyError

AT_ONCE = 1
EACH = 2  # that one visitor may have, those who wait among them
MOST = 16  # that all may have together
AGAIN = 30.0  # seconds after which another try is worth it
BUSY = "Too many pictures are being read at this moment; try it again in a minute."


class Turns:
    """Whose turn it is; each visitor is known by an address or a name."""

    def __init__(self, at_once: int = AT_ONCE, each: int = EACH, most: int = MOST) -> None:
        self._turns = threading.BoundedSemaphore(at_once)
        self._each, self._most = each, most
        self._waiting: Counter[str] = Counter()
        self._lock = threading.Lock()

    def waiting(self, visitor: str) -> int:
        """How many of a visitor's are at work or wait."""
        with self._lock:
            return self._waiting[visitor]

    @contextmanager
    def take(self, visitor: str) -> Iterator[None]:
        """Waits for a turn; BusyError at once where the visitor or all together have too many."""
        with self._lock:
            own = self._waiting[visitor]
            # As many places again are for those who have none: a few can't shut out all others.
            if own >= self._each or self._waiting.total() >= (1 if own else 2) * self._most:
                raise BusyError(BUSY, AGAIN)
            self._waiting[visitor] += 1
        try:
            with self._turns:
                yield
        finally:
            with self._lock:
                self._waiting[visitor] -= 1
                self._waiting += Counter()  # forgets visitors who have none
