"""Limits of requests per address and time, by a monotonic clock.

The generic cell rate algorithm (ITU-T I.371): one number per address, the moment at which all
that it took is paid back.
"""

import re
import time
from collections.abc import Callable

SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
MOST_KNOWN = 10_000  # addresses, before those that owe nothing are forgotten


class RateLimit:
    """So much at once, and as much again over `seconds`."""

    def __init__(
        self, most: float, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._each, self._seconds, self._clock = seconds / most, seconds, clock
        self._paid_back: dict[str, float] = {}
        self._forget_at = MOST_KNOWN

    @classmethod
    def read(cls, text: str) -> "RateLimit":
        """A limit such as "120/minute"."""
        most, unit = re.fullmatch(r"(\d+)/(\w+)", text).groups()
        return cls(int(most), SECONDS[unit])

    def take(self, visitor: str, amount: float = 1.0) -> float:
        """Seconds until `amount` may be taken; takes it and returns 0.0 where that is now."""
        now = self._clock()
        owed = max(self._paid_back.get(visitor, now), now) + amount * self._each
        wait = owed - now - self._seconds
        if wait > 1e-6:  # of floating point, which is no debt
            return wait
        self._paid_back[visitor] = owed
        if len(self._paid_back) > self._forget_at:
            self._paid_back = {who: when for who, when in self._paid_back.items() if when > now}
            self._forget_at = max(MOST_KNOWN, 2 * len(self._paid_back))
        return 0.0
