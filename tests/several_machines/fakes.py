"""Engines that draw plain squares, for the replicas of the tests."""

from pathlib import Path

from dalle.errors import DalleError
from dalle.serving.engine import Engine
from tests.serving.fake import FakePipeline

NO_WEIGHTS = "There are no weights."
SECONDS_PER_FRAME = 0.5


def make_slow_engine(diary: Path) -> Engine:
    """Two seconds a batch; what becomes of each request is a line in the diary of all."""
    engine = Engine(lambda: FakePipeline(SECONDS_PER_FRAME), queue_size=20, cache_bytes=0)
    count = engine.metrics.outcome

    def write_down(outcome: str) -> None:
        count(outcome)
        with diary.open("a") as file:
            file.write(f"{outcome}\n")

    engine.metrics.outcome = write_down
    return engine


def make_broken_engine() -> Engine:
    """An engine whose model is not to be had."""

    def load() -> FakePipeline:
        raise DalleError(NO_WEIGHTS)

    return Engine(load, queue_size=20)
