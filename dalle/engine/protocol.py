"""The engine as the page, the API and the probes know it, in this process or in a cluster."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from dalle.engine.lanes import Visitor
from dalle.engine.metrics import Metrics
from dalle.engine.model_pool import ModelPool
from dalle.engine.order import Order, RankOrder
from dalle.engine.result_cache import ResultCache
from dalle.engine.status import ActiveModel, ModelProgress, QueueStatus
from dalle.engine.throughput import Throughput
from dalle.generation.result import Preview, Result


@runtime_checkable
class Engine(Protocol):
    """Serves many visitors with one model at a time; all methods may be called by any thread."""

    model_pool: ModelPool
    model_progress: ModelProgress | None  # of a model that is fetched or loaded
    throughput: Throughput
    metrics: Metrics
    cache: ResultCache
    queue_size: int  # requests that may wait while a batch is running

    def start(self) -> None:
        """Loads the model in the background; requests may come at once."""

    @property
    def ready(self) -> bool:
        """Whether the active model has made a picture, and requests are taken."""

    @property
    def active_model(self) -> ActiveModel | None:
        """The model that serves requests; None before its first picture."""

    @property
    def failure(self) -> str | None:
        """Why no model serves, in a sentence; None where one does or is still loading."""

    @property
    def waiting(self) -> int:
        """The number of requests in the queue."""

    @property
    def subscribed(self) -> int:
        """The number of visitors who wait for a frame."""

    def generate(
        self, order: Order, *, visitor: Visitor | None = None, previews: bool = True
    ) -> Iterator[QueueStatus | Preview | Result]:
        """Yields the queue's status, then previews if wanted, the Result last.

        Requests of one visitor take turns with those of others, members' as their lane has it; None
        is a visitor of their own.
        At the call PromptRefused or SettingsError; while iterating BusyError where the wait is too
        long, FaultError where the server fails.
        """

    def rank(
        self, order: RankOrder, *, visitor: Visitor | None = None
    ) -> Iterator[QueueStatus | list[float]]:
        """Yields the queue's status, then the scores of Pipeline.score; errors as `generate`."""

    def drain(self, seconds: float) -> bool:
        """Takes no more requests and finishes the others; whether all were done in time."""
