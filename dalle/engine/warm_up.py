"""A model's first run, which compiles."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from dalle.engine.throughput import Throughput
from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Result
from dalle.models.memory_estimate import DECODED_TOGETHER

WARM_UP_PROMPT = "a red apple"
LONG = 120.0  # seconds of a first run of which compiling is a small part


def warm_up(pipeline: Pipeline, throughput: Throughput, wanted: Callable[[], bool]) -> Result:
    """Runs a model twice: the first run compiles, the second one shows a run's seconds.

    A request that is `wanted` by then leaves the second out. So does a first run that took so
    long that compiling was a small part of it.
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
    throughput.learn_run(first if long or wanted() else pipeline.generate(WARM_UP_PROMPT, seed=0))
    return first
