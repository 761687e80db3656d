"""How long a run will take, from the runs before it."""

import statistics
from collections import defaultdict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Result
from dalle.models.memory import DECODED_TOGETHER, DRAWN_TOGETHER

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

    def batch(self, model: str, precision: str | None) -> float | None:
        """What as many candidates take as are drawn together."""
        return self.seconds(DRAWN_TOGETHER, model, precision)

    def seconds(self, candidates: int, model: str, precision: str | None) -> float | None:
        """What a run of so many candidates will take."""
        known = self._per_batch.get((model, precision))
        # The lower one of two: a model's first run compiles, and no other does.
        return statistics.median_low(known) * _batches(candidates) if known else None


def warm_up(pipeline: Pipeline, estimate: Estimate, wanted: Callable[[], bool]) -> Result:
    """A model's first run, which compiles; another one tells what a run takes.

    That one is left out where somebody `wanted` to draw by then, or where the first took so long
    that compiling was a small part of it.
    """
    # With previews, so that nothing is left to compile when the first visitor comes; of so few
    # candidates that each program runs no more often than it must.
    few = tuple(range(DECODED_TOGETHER))
    with ThreadPoolExecutor(1, "compile") as beside:
        # Compiling leaves one of two cores idle half of the time.
        finishing = beside.submit(pipeline.compile_finishing)
        *_, first = pipeline.stream(WARM_UP_PROMPT, seed=0, only=few)
        finishing.result()
    long = sum(first.seconds.values()) > LONG
    estimate.learn(first if long or wanted() else pipeline.generate(WARM_UP_PROMPT, seed=0))
    return first


def _batches(candidates: int) -> int:
    return -(-candidates // DRAWN_TOGETHER)
