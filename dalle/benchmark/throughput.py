"""Throughput: pictures a second when several requests share a batch."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from dalle.benchmark.stages import PROMPT, knobs_for, peak_memory
from dalle.errors import DalleError
from dalle.generation.pipeline import Pipeline
from dalle.models.hardware import free_memory
from dalle.models.memory_estimate import batch_memory

CANDIDATES = 16  # of each request


@dataclass(frozen=True)
class Throughput:
    """A batch of `requests`, CANDIDATES pictures each, generated and ranked together."""

    requests: int
    seconds: float  # until all are ranked, the median
    peak_memory: int | None  # bytes, in all runs so far

    @property
    def pictures_per_second(self) -> float:
        return self.requests * CANDIDATES / self.seconds

    def __str__(self) -> str:
        peak = f"{self.peak_memory / 1e6:,.0f}" if self.peak_memory else "?"
        return f"| {self.requests} | {self.seconds:.2f} | {self.pictures_per_second:.2f} | {peak} |"


HEADER = "| requests of 16 | seconds, ranked | pictures/s | peak, MB |\n|---|---|---|---|"


def measure_throughput(pipeline: Pipeline, requests: Sequence[int], runs: int) -> list[Throughput]:
    """For each number of requests; DalleError, before anything runs, where memory is too small."""
    for count in requests:
        check_memory(pipeline, count)
    measured = []
    for count in requests:
        run_batch(pipeline, count, seed=0)  # compiles
        seconds = [run_batch(pipeline, count, seed) for seed in range(runs)]
        measured.append(Throughput(count, statistics.median(seconds), peak_memory()))
    return measured


def check_memory(pipeline: Pipeline, requests: int) -> None:
    """DalleError where the free memory does not hold a batch of `requests`."""
    weights, free = pipeline.weights, free_memory()
    tokenizer = pipeline.image_tokenizer.config
    dtype = weights.kernel_dtype
    needed = batch_memory(weights.config, tokenizer, requests * CANDIDATES, dtype)
    if free is not None and needed > free:
        raise DalleError(
            f"{requests} requests at a time need {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB "
            "are free; measure with fewer (--requests)."
        )


def run_batch(pipeline: Pipeline, requests: int, seed: int) -> float:
    """Seconds for one batch, from the prompts to the ranked pictures."""
    started = time.perf_counter()
    runs = [
        pipeline.begin(PROMPT, pipeline.check(PROMPT, seed=seed + index, **knobs_for(CANDIDATES)))
        for index in range(requests)
    ]
    slots = [slot for run in runs for slot in run.slots]
    for _ in pipeline.generate_batch(slots, len(slots)):
        pass
    for run in runs:
        pipeline.finish(run)
    return time.perf_counter() - started
