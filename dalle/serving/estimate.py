"""How long a run will take, from the runs before it."""

import statistics
from collections import defaultdict, deque
from collections.abc import Callable

from dalle.generation.pipeline import DRAWN_TOGETHER, Pipeline
from dalle.generation.result import Result

REMEMBERED = 20
WARM_UP_PROMPT = "a red apple"
LONG = 120.0  # seconds of a first run of which compiling is a small part


class Estimate:
    """Seconds for a number of candidates; None before the first run of a model.

    Candidates are drawn in batches that all take the same time, so a run's time goes by these.
    """

    def __init__(self) -> None:
        # By model and precision.
        self._per_batch = defaultdict(lambda: deque[float](maxlen=REMEMBERED))

    def learn(self, result: Result) -> None:
        """Takes a run into account."""
        batches = _batches(len(result.pictures) + len(result.rejected))
        key = result.recipe["model"], result.recipe.get("precision")
        self._per_batch[key].append(sum(result.seconds.values()) / batches)

    def seconds(self, candidates: int, model: str, precision: str | None) -> float | None:
        """What a run of so many candidates will take."""
        known = self._per_batch.get((model, precision))
        # The lower one of two: a model's first run compiles, and no other does.
        return statistics.median_low(known) * _batches(candidates) if known else None


def warm_up(pipeline: Pipeline, estimate: Estimate, wanted: Callable[[], bool]) -> Result:
    """A model's first run, which compiles; another one tells what a run takes.

    That one ends where somebody `wanted` to draw, and is left out where the first took so long
    that compiling was a small part of it.
    """
    first = pipeline.generate(WARM_UP_PROMPT, seed=0)
    again = None
    if sum(first.seconds.values()) < LONG and not wanted():
        *_, again = pipeline.stream(WARM_UP_PROMPT, cancelled=wanted, seed=0)
    estimate.learn(again if isinstance(again, Result) else first)
    return first


def _batches(candidates: int) -> int:
    return -(-candidates // DRAWN_TOGETHER)
