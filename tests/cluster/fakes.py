"""Engines that draw plain squares, for the replicas of the tests."""

from dalle.serving.engine import Engine
from tests.serving.fake import FakePipeline

SECONDS_PER_FRAME = 0.5


def make_slow_engine() -> Engine:
    """Two seconds a batch, and no result is kept."""
    return Engine(lambda: FakePipeline(SECONDS_PER_FRAME), queue_size=20, cache_bytes=0)
