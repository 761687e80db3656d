"""An engine of several machines: replicas serve the requests of one page.

A request goes to one replica, where it waits its visitor's turn and shares batches as on a single
machine. Its seed is fixed before it is sent: a machine that dies takes nothing with it, the
request is sent to another one, and the pictures are the same. What refuses a request (the filter,
a full queue) is final; lost requests alone are sent again.

The model's weights are the replicas'. Ray itself is in ray_serve.py.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dalle.engine.admission import A_MINUTE, BusyError, refuse
from dalle.engine.lanes import Visitor
from dalle.engine.messages import STOPPED
from dalle.engine.metrics import Metrics
from dalle.engine.model_pool import ModelPool
from dalle.engine.order import Order, RankOrder
from dalle.engine.requests import END, Subscriber, frames_of
from dalle.engine.result_cache import ResultCache
from dalle.engine.status import ActiveModel, ModelProgress, QueueStatus
from dalle.engine.throughput import Throughput
from dalle.errors import DalleError, FaultError
from dalle.generation.result import Preview, Result
from dalle.safety.prompts.filter import PromptFilter
from dalle.serving.cluster.replica import Abilities
from dalle.serving.cluster.replicas import Call, Replicas, State

log = logging.getLogger(__name__)

HEARTBEAT = 0.5  # seconds between two signs of life while waiting
WATCH = 2.0  # seconds between two looks at the replicas
PAUSES = (1.0, 3.0, 10.0)  # seconds before a lost request is sent again
LOST = (
    f"The machine that drew this failed, and so did {len(PAUSES)} others after it. "
    "Your prompt is kept; try it again in a minute."
)
NO_ANSWER = "The cluster does not answer; the owner of this page finds the details in its log."
NO_TAKER = (
    "No machine of the cluster has taken this request in {:.0f} seconds; try again in a minute. "
    "Your prompt is kept."
)


class ClusterEngine:
    """Sends requests to replicas; see protocol.Engine."""

    model_progress: ModelProgress | None = None  # a replica loads its model before it is asked

    def __init__(
        self, replicas: Replicas, queue_size: int, prompt_filter: PromptFilter, max_wait: float
    ) -> None:
        self.model_pool = ModelPool()
        self.throughput = Throughput()
        self.metrics = Metrics()
        self.cache = ResultCache(0)  # results are kept by the replicas
        self.queue_size = queue_size  # requests that may wait at each replica
        self._replicas, self._prompt_filter = replicas, prompt_filter
        self._max_wait = max_wait
        self._state = State(0)
        self._started = threading.Event()
        self._begun: dict[Subscriber, bool] = {}  # whether the request of each has begun
        self._changed = threading.Condition()
        self._closed = False
        self._watcher = threading.Thread(target=self._watch, name="cluster", daemon=True)
        self.metrics.watch(
            {
                "queue_requests": ("Requests in queues", lambda: self.waiting),
                "ready": ("Whether a replica draws", lambda: self.ready),
                "replicas": ("Replicas that draw", lambda: self._state.running),
            }
        )

    def start(self) -> None:
        self._watcher.start()

    @property
    def ready(self) -> bool:
        """Whether a replica draws, and more requests are taken."""
        return self.active_model is not None and self._state.running > 0 and not self._closed

    @property
    def active_model(self) -> ActiveModel | None:
        """The replicas' model, its pipeline being None; None before the first replica draws."""
        return self.model_pool.active

    @property
    def failure(self) -> str | None:
        """Why no replica draws, in a sentence; None where one does or is still loading."""
        return self._state.failure

    @property
    def waiting(self) -> int:
        """The number of requests in queues."""
        return sum(not begun for begun in list(self._begun.values()))

    @property
    def subscribed(self) -> int:
        """Visitors who wait for something."""
        return len(self._begun)

    def drain(self, seconds: float) -> bool:
        """Takes no more requests, and hands over those that came; whether all were in time.

        Unfinished visitors are told so. The replicas go on, for other pages.
        """
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: not self._begun, seconds)
            for subscriber in self._begun:
                subscriber.frames.put(FaultError(STOPPED))
        return done

    def generate(
        self, order: Order, *, visitor: Visitor | None = None, previews: bool = True
    ) -> Iterator[QueueStatus | Preview | Result]:
        """As protocol.Engine.

        The filter judges here the text as written; the replica judges it as the model reads it.
        """
        with self.metrics.counting("rejected"):
            self.model_pool.check(order.choice)
            self._require(order.prompt, order.knobs.get("negative_prompt", ""))
        if order.knobs.get("seed") is None:
            order = order.with_knobs(seed=secrets.randbits(32))
        named = {"visitor": visitor, "previews": previews}
        return self._frames(lambda: self._replicas.call("generate", order, **named))

    def rank(
        self, order: RankOrder, *, visitor: Visitor | None = None
    ) -> Iterator[QueueStatus | list[float]]:
        """As protocol.Engine."""
        with self.metrics.counting("rejected"):
            self.model_pool.check({"model": order.model})
            self._require(order.prompt)
        return self._frames(lambda: self._replicas.call("rank", order, visitor=visitor))

    def _require(self, *texts: str) -> None:
        for text in texts:
            self._prompt_filter.require(text, None)

    @contextmanager
    def _listening(self) -> Iterator[Subscriber]:
        subscriber = Subscriber()
        with self.metrics.counting("refused"), self._changed:
            if self.failure:
                raise FaultError(self.failure)
            if self._closed:
                raise refuse(Throughput(), stopping=True)
            self._begun[subscriber] = False
        try:
            yield subscriber
        finally:
            with self._changed:
                del self._begun[subscriber]
                self._changed.notify_all()

    def _frames(self, send: Callable[[], Call]) -> Iterator[Any]:
        """The frames of a request, from the replica that serves it in the end."""
        with self._listening() as subscriber:
            outcome = "left"
            try:
                for frame in self._insist(send, subscriber):
                    self._learn(frame, subscriber)
                    yield frame
                outcome = "drawn"
            except BusyError:
                outcome = "refused"
                raise
            except DalleError:
                outcome = "failed"
                raise
            finally:
                self.metrics.outcome(outcome)

    def _learn(self, frame: Any, subscriber: Subscriber) -> None:
        waits = isinstance(frame, QueueStatus) and (frame.ahead > 0 or frame.loading)
        self._begun[subscriber] = not waits
        if isinstance(frame, Result):
            self.throughput.learn_run(frame)
            self.throughput.learn_batch(sum(frame.seconds.values()))
            self.metrics.generated(len(frame.pictures) + len(frame.rejected), frame.seconds)

    def _insist(self, send: Callable[[], Call], subscriber: Subscriber) -> Iterator[Any]:
        """Sends a request again where it was lost; FaultError where it always is."""
        for pause in (*PAUSES, None):
            try:
                yield from self._try(send, subscriber)
                return
            except DalleError:
                raise
            except Exception as error:
                # A fault of the transport; faults of a request are DalleErrors.
                log.warning("a request was lost (%s: %s)", type(error).__name__, error)
                if self.failure:
                    raise FaultError(self.failure) from error
            if pause is not None:
                yield QueueStatus(0, None, loading=not self.ready)
                time.sleep(pause)
        raise FaultError(LOST)

    def _try(self, send: Callable[[], Call], subscriber: Subscriber) -> Iterator[Any]:
        """The frames of one sending; BusyError where no replica takes it."""
        while not self._started.wait(HEARTBEAT):
            if self.failure:
                raise FaultError(self.failure)
            yield QueueStatus(0, None, loading=True)
        call, sent, heard = send(), time.monotonic(), False
        threading.Thread(target=_pour, args=(call, subscriber), daemon=True).start()
        try:
            for frame in frames_of(subscriber, HEARTBEAT):
                if frame is not None:
                    heard = True
                    yield frame
                elif not heard:
                    if time.monotonic() - sent > self._max_wait:
                        raise BusyError(NO_TAKER.format(self._max_wait), A_MINUTE)
                    yield QueueStatus(0, None, loading=not self.ready)
        finally:
            call.cancel()

    def _watch(self) -> None:
        """Starts the replicas, and looks after them until the page is closed."""
        while not self._closed:
            try:
                if not self._started.is_set():
                    self._replicas.start()
                    self._started.set()
                state = self._replicas.state()
                if state.running and self.active_model is None:
                    self._meet(self._replicas.describe())
                self._state = state
            except Exception:
                log.exception("the cluster does not answer")
                self._state = State(0, NO_ANSWER)
            with self._changed:
                self._changed.wait_for(lambda: self._closed, WATCH)

    def _meet(self, abilities: Abilities) -> None:
        """Knows from now on the models of the replicas."""
        pool = ModelPool()
        for info in abilities.infos:
            pool.add(info)
        pool.active = abilities.active
        self.model_pool = pool


def _pour(call: Call, subscriber: Subscriber) -> None:
    """Hands all frames of a call to its subscriber, an exception in place of the last one."""
    try:
        for frame in call:
            subscriber.frames.put(frame)
        subscriber.frames.put(END)
    except Exception as error:
        subscriber.frames.put(error)
