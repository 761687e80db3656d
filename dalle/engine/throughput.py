"""How long a run and a batch will take, from those before."""

import statistics
from collections import defaultdict, deque

from dalle.generation.result import Result
from dalle.models.memory_estimate import SAMPLED_TOGETHER

REMEMBERED = 20


class Throughput:
    """Seconds of the latest runs of each model, and of the latest batches of the active one.

    Candidates come in batches that all take the same time, so a run is measured by these.
    """

    def __init__(self) -> None:
        self._runs = defaultdict(lambda: deque[float](maxlen=REMEMBERED))  # seconds a batch
        self._batches = deque[float](maxlen=REMEMBERED)

    def learn_run(self, result: Result) -> None:
        """Takes a finished run into account."""
        batches = _batches(len(result.pictures) + len(result.rejected))
        self._runs[result.recipe["model"]].append(sum(result.seconds.values()) / batches)

    def learn_batch(self, seconds: float) -> None:
        """Takes a batch of the active model into account."""
        self._batches.append(seconds)

    def begin(self, model: str) -> None:
        """Forgets the batches of another model; this one's first run stands for its batches."""
        self._batches.clear()
        first = self.run_seconds(SAMPLED_TOGETHER, model)
        if first is not None:
            self._batches.append(first)

    def run_seconds(self, candidates: int, model: str) -> float | None:
        """The expected seconds of a run; None before the first run of the model."""
        known = self._runs.get(model)
        # The lower one of two: a model's first run compiles, and no other does.
        return statistics.median_low(known) * _batches(candidates) if known else None

    @property
    def batch_seconds(self) -> float | None:
        """The median of the latest batches; None before the first."""
        batches = list(self._batches)
        return statistics.median(batches) if batches else None

    def wait(self, batches: int, busy: bool) -> float | None:
        """Expected seconds until so many batches are done; a running one counts as half done."""
        seconds = self.batch_seconds
        return None if seconds is None else seconds * (batches + 0.5 * busy)


def _batches(candidates: int) -> int:
    return -(-candidates // SAMPLED_TOGETHER)
