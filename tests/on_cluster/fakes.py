"""Engines that draw plain squares, for the replicas of the tests."""

import os
from pathlib import Path

from dalle.engine.engine import LocalEngine
from dalle.errors import DalleError
from dalle.generation.run import Run
from dalle.settings import GenerationSettings
from tests.fakes.engine import FakePipeline

NO_WEIGHTS = "There are no weights."
SECONDS_PER_FRAME = 0.5


class DiaryPipeline(FakePipeline):
    """Writes down which process begins to draw which prompt."""

    def __init__(self, diary: Path) -> None:
        super().__init__(SECONDS_PER_FRAME)
        self._diary = diary

    def begin(self, prompt: str, settings: GenerationSettings) -> Run:
        write_down(self._diary, f"{os.getpid()} draws {prompt}")
        return super().begin(prompt, settings)


def make_slow_engine(diary: Path) -> LocalEngine:
    """Two seconds a batch; what becomes of each request is a line in the diary of all."""
    engine = LocalEngine(lambda: DiaryPipeline(diary), queue_size=20, cache_bytes=0)
    count = engine.metrics.outcome

    def count_and_write(outcome: str) -> None:
        count(outcome)
        write_down(diary, outcome)

    engine.metrics.outcome = count_and_write
    return engine


def write_down(diary: Path, line: str) -> None:
    with diary.open("a") as file:
        file.write(f"{line}\n")


def make_broken_engine() -> LocalEngine:
    """An engine whose model is not to be had."""

    def load() -> FakePipeline:
        raise DalleError(NO_WEIGHTS)

    return LocalEngine(load, queue_size=20)
