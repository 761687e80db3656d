"""Work beside the queue, such as reading a file's mark: few at a time, and never many who wait.

A picture's mark is sought for a second or two of a core. Whoever sends a hundred files at once
would else take all cores from those who draw, and all threads from those who load the page.
"""

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager

from dalle.engine.admission import BusyError

AT_ONCE = 1
EACH = 2  # that one visitor may have, those who wait among them
MOST = 16  # that all may have together
AGAIN = 30.0  # seconds after which another try is worth it
BUSY = "Too many pictures are being read at this moment; try it again in a minute."


class Turns:
    """Whose turn it is; each visitor is known by an address or a name.

    Visitors who wait take turns, however many of theirs wait.
    """

    def __init__(
        self, at_once: int = AT_ONCE, each: int = EACH, most: int = MOST, busy: str = BUSY
    ) -> None:
        self._free, self._each, self._most, self._busy = at_once, each, most, busy
        self._held: Counter[str] = Counter()  # those who wait, and those at work
        self._lines: dict[str, deque[object]] = {}  # who wait, by visitor; the next visitor first
        self._changed = threading.Condition()

    def waiting(self, visitor: str) -> int:
        """How many of a visitor's are at work or wait."""
        with self._changed:
            return self._held[visitor]

    @contextmanager
    def take(self, visitor: str) -> Iterator[None]:
        """Waits for a turn; BusyError at once where the visitor or all together have too many."""
        with self._changed:
            own = self._held[visitor]
            # As many places again are for those who have none: a few can't shut out all others.
            if own >= self._each or self._held.total() >= (1 if own else 2) * self._most:
                raise BusyError(self._busy, AGAIN)
            self._held[visitor] += 1
            place = object()
            self._lines.setdefault(visitor, deque()).append(place)
            self._changed.wait_for(lambda: self._free and self._is_next(place))
            self._free -= 1
            self._end_turn(visitor)
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._held[visitor] -= 1
                self._held += Counter()  # forgets visitors who have none
                self._changed.notify_all()

    def _is_next(self, place: object) -> bool:
        return next(iter(self._lines.values()))[0] is place

    def _end_turn(self, visitor: str) -> None:
        """The others of this visitor come after those of everybody else."""
        line = self._lines.pop(visitor)
        line.popleft()
        if line:
            self._lines[visitor] = line
