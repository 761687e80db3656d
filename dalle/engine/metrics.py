"""Figures for Prometheus: requests by outcome, the queue, batches, stages, the cache, memory.

Nothing in them is about a person: no prompt, no address.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from dalle.errors import DalleError

SECONDS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 240)


class Metrics:
    """The figures of an engine, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        here = {"namespace": "ninefold", "registry": self.registry}
        self._requests = Counter("requests", "Requests by outcome", ["outcome"], **here)
        self._pictures = Counter("pictures", "Candidates drawn for somebody who waited", **here)
        self._wait = Histogram(
            "wait_seconds", "From asking to the first batch", buckets=SECONDS, **here
        )
        self._batch = Histogram("batch_seconds", "A batch, whole", buckets=SECONDS, **here)
        self._fill = Histogram("batch_slots", "Slots in use", buckets=(1, 2, 3, 4), **here)
        self._stages = Counter("stage_seconds", "Seconds by stage of the runs", ["stage"], **here)

    def watch(self, gauges: Mapping[str, tuple[str, Callable[[], float]]]) -> None:
        """Adds gauges by name: each has a sentence and a function that reads its value."""
        for name, (text, read) in gauges.items():
            gauge = Gauge(name, text, namespace="ninefold", registry=self.registry)
            gauge.set_function(read)

    def outcome(self, outcome: str) -> None:
        """One request has ended: drawn, cached, joined, refused, failed, rejected or left."""
        self._requests.labels(outcome).inc()

    @contextmanager
    def counting(self, outcome: str) -> Iterator[None]:
        """Counts a request that ends here, with a DalleError."""
        try:
            yield
        except DalleError:
            self.outcome(outcome)
            raise

    def waited(self, seconds: float) -> None:
        self._wait.observe(seconds)

    def batch(self, slots: int, seconds: float) -> None:
        self._fill.observe(slots)
        self._batch.observe(seconds)

    def generated(self, pictures: int, stages: Mapping[str, float]) -> None:
        self._pictures.inc(pictures)
        for stage, seconds in stages.items():
            self._stages.labels(stage).inc(seconds)

    def as_text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)
