"""How long a run will take, from the runs before it."""

import statistics
from collections import deque

from dalle.models.memory import DRAWN_TOGETHER

REMEMBERED = 20


class Estimate:
    """Seconds for a number of candidates; None before the first run.

    Candidates are drawn in batches that all take the same time, so a run's time goes by these.
    """

    def __init__(self) -> None:
        self._per_batch: deque[float] = deque(maxlen=REMEMBERED)

    def learn(self, candidates: int, seconds: float) -> None:
        """Takes a run into account."""
        self._per_batch.append(seconds / _batches(candidates))

    def seconds(self, candidates: int) -> float | None:
        """What a run of so many candidates will take."""
        if not self._per_batch:
            return None
        return statistics.median(self._per_batch) * _batches(candidates)


def _batches(candidates: int) -> int:
    return -(-candidates // DRAWN_TOGETHER)
