"""Who is let in: those whose wait is short enough; the others are told when to come back."""

import math
import statistics
from collections import deque

from dalle.errors import DalleError
from dalle.serving.faults import STOPPING

REMEMBERED = 20  # batches whose seconds the estimate is made from
A_MINUTE = 60.0


class BusyError(DalleError):
    """Too much is waiting already; worth another try after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float = A_MINUTE) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Pace:
    """How fast batches are drawn."""

    def __init__(self, first: float | None = None) -> None:
        self._seconds = deque([] if first is None else [first], maxlen=REMEMBERED)

    def learn(self, seconds: float) -> None:
        """Takes a batch into account."""
        self._seconds.append(seconds)

    @property
    def seconds(self) -> float | None:
        """The middle one of the last batches; None before the first."""
        seconds = list(self._seconds)
        return statistics.median(seconds) if seconds else None

    def wait(self, batches: int, busy: bool) -> float | None:
        """Seconds until so many batches are drawn, one of them being half done where it is busy."""
        seconds = self.seconds
        return None if seconds is None else seconds * (batches + 0.5 * busy)


def refuse(
    pace: Pace,
    *,
    stopping: bool = False,
    waiting: int = 0,
    seconds: float = 0.0,
    allowed: float = 0.0,
) -> BusyError:
    """The refusal for the one reason that is given: stopping, too many waiting, too long a wait."""
    if stopping:
        return BusyError(STOPPING)
    if waiting:
        if pace.seconds is None:
            after, told = A_MINUTE, "in a minute"
        else:
            # By then a quarter of them is drawn.
            after = max(1.0, pace.seconds * waiting / 4)
            told = f"in about {math.ceil(after)} seconds"
        return BusyError(
            f"{waiting} requests are waiting, and no more are taken; try again {told}. "
            "Your prompt is kept.",
            after,
        )
    after = max(1.0, seconds - allowed)
    return BusyError(
        f"You would wait about {seconds:.0f} seconds, and at most {allowed:.0f} are asked of "
        f"anybody; try again in about {math.ceil(after)} seconds. Your prompt is kept.",
        after,
    )
