"""The engine in this process: one worker thread generates for all visitors, in full batches.

A request's life: Order.parse -> LocalEngine.generate (filter, result cache) -> Scheduler.admit ->
Scheduler.take (a batch, in turns) -> Worker.run_batch -> Subscriber (previews, Result) -> caller.

The model loads and compiles in the background, so that the page is there at once; another one can
replace it while visitors are served. A visitor who stops or leaves closes their iterator: nothing
more is computed for them after the current chunk.

Batches are static: a request joins at the next batch boundary. Continuous batching gains little
here, because all sequences have the same length and most requests fill a batch.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from dalle.engine.lanes import MemberLane, Visitor, require_allowed
from dalle.engine.messages import STOPPED, tell
from dalle.engine.metrics import Metrics
from dalle.engine.model_pool import ModelPool
from dalle.engine.order import Order, RankOrder
from dalle.engine.requests import (
    AlterRequest,
    GenerateRequest,
    OrderRequest,
    RankRequest,
    Request,
    Share,
    Subscriber,
    complete,
    frames_of,
)
from dalle.engine.result_cache import Key, ResultCache, recipe_key
from dalle.engine.scheduler import Scheduler
from dalle.engine.status import ActiveModel, ModelProgress, QueueStatus
from dalle.engine.throughput import Throughput
from dalle.engine.warm_up import warm_up
from dalle.engine.worker import Worker
from dalle.errors import DalleError, FaultError, describe_fault
from dalle.generation.editing.alteration import Immediate
from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Preview, Result
from dalle.generation.run import slots_of
from dalle.runtime.accelerator import idle_notice
from dalle.safety.prompts.filter import PromptFilter
from dalle.settings import GenerationSettings, default_knobs

log = logging.getLogger(__name__)

HEARTBEAT = 0.5  # seconds between two signs of life while waiting


class LocalEngine:
    """Loads a pipeline with `load` and serves requests with it; see protocol.Engine."""

    def __init__(
        self,
        load: Callable[[], Pipeline],
        queue_size: int,
        model_pool: ModelPool | None = None,
        prompt_filter: PromptFilter | None = None,
        max_wait: float = 120.0,  # seconds
        cache_bytes: int = 128 * 2**20,
        members: MemberLane | None = None,  # None: they have what everybody has
    ) -> None:
        self.model_progress: ModelProgress | None = None  # set by model_loader
        self.model_pool = model_pool or ModelPool()
        self.throughput = Throughput()
        self.metrics = Metrics()
        self.cache = ResultCache(cache_bytes)
        self.queue_size = queue_size
        self._prompt_filter = prompt_filter or PromptFilter.load()
        self._load = load
        self._members = members
        self._scheduler = Scheduler(queue_size, max_wait, self.throughput, members)
        self._nameless = count()
        self._worker = Worker(self.metrics, lambda: self.waiting)
        self._settled = threading.Event()
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self.metrics.watch(
            {
                "queue_requests": ("Requests in the queue", lambda: self.waiting),
                "ready": ("Whether a picture was made", lambda: self.ready),
                "cache_bytes": ("Pixels of the cached results", lambda: self.cache.size),
                "batch_size": ("Slots of a batch", lambda: self._worker.size),
            }
        )

    def start(self) -> None:
        self._thread.start()

    @property
    def ready(self) -> bool:
        return self.active_model is not None and not self._scheduler.closed

    @property
    def active_model(self) -> ActiveModel | None:
        return self.model_pool.active

    @property
    def failure(self) -> str | None:
        failure = self._scheduler.failure
        return str(failure) if failure else None

    @property
    def waiting(self) -> int:
        return len(self._scheduler)

    @property
    def subscribed(self) -> int:
        return self._scheduler.subscribers

    def wait_until_settled(self) -> None:
        """Returns once the first model serves, or cannot."""
        self._settled.wait()

    def switch(self, pipeline: Pipeline) -> None:
        """Serves with this model from the next request on, once it has made a picture here."""
        picture = warm_up(pipeline, self.throughput, lambda: self.waiting > 0).pictures[0]
        settings = picture.recipe["settings"]
        active = ActiveModel(
            pipeline,
            picture.recipe["model"],
            picture.recipe.get("revision"),
            picture.recipe.get("precision"),
            picture.recipe.get("machine"),
            picture.image.size,
            {name: settings[name] for name in default_knobs()},
            idle_notice(),
        )
        with self._scheduler.changed:
            self.model_pool.active = active
            self._scheduler.failure = None
            self._scheduler.size = self._worker.size = pipeline.batch_slots
            self.throughput.begin(active.name)
            self.cache.clear()
            self._scheduler.changed.notify_all()

    def drain(self, seconds: float) -> bool:
        """Takes no more requests and finishes the others; whether all were done in time.

        The visitors of unfinished requests are told so.
        """
        done = self._scheduler.close(seconds)
        self._scheduler.end_all(FaultError(STOPPED))
        return done

    def generate(
        self, order: Order, *, visitor: Visitor | None = None, previews: bool = True
    ) -> Iterator[QueueStatus | Preview | Result]:
        asker = self._asker(visitor)
        with self.metrics.counting("rejected"):
            self.model_pool.check(order.choice)
            require_allowed(order, self._members.candidates if asker["member"] else None)
            settings, key = self._complete(order)
        immediate = isinstance(order.alteration, Immediate)
        kind = AlterRequest if immediate else GenerateRequest
        numbers = (settings or order.settings({})).candidate_numbers
        request = kind(
            slots=order.alteration.slots if immediate else slots_of(len(numbers)),
            came=time.monotonic(),
            model=order.model,
            order=order,
            settings=settings,
            key=key,
            **asker,
        )
        return self._frames(request, Subscriber(previews))

    def rank(
        self, order: RankOrder, *, visitor: Visitor | None = None
    ) -> Iterator[QueueStatus | list[float]]:
        with self.metrics.counting("rejected"):
            self.model_pool.check({"model": order.model})
            pipeline = self.model_pool.active and self.model_pool.active.pipeline
            self._prompt_filter.require(order.prompt, pipeline and pipeline.normalize)
        came, asker = time.monotonic(), self._asker(visitor)
        request = RankRequest(slots=1, came=came, model=order.model, order=order, **asker)
        return self._frames(request, Subscriber())

    def _complete(self, order: Order) -> tuple[GenerationSettings | None, Key | None]:
        """All settings of an allowed order and its key in the cache.

        Both are None while the model is not loaded: its pipeline completes the order then, and
        judges the text as the model reads it.
        """
        pipeline = self.model_pool.loaded(order.model)
        for text in (order.prompt, order.knobs.get("negative_prompt", "")):
            self._prompt_filter.require(text, pipeline and pipeline.normalize)
        if pipeline is None:
            return None, None
        settings = complete(order, pipeline, judged=True)
        info = self.model_pool.info(order.model)
        altered = order.alteration and order.alteration.key
        key = recipe_key(
            info.name,
            info.revision,
            self.model_pool.active.precision,
            order.prompt,
            settings,
            altered,
        )
        return settings, key

    def _frames(self, request: Request, subscriber: Subscriber) -> Iterator[Any]:
        """From the cache, or with the same request of another visitor, or in a turn of its own."""
        key = request.key if isinstance(request, OrderRequest) else None
        cached = self.cache.get(key) if key else None
        if cached:
            self.metrics.outcome("cached")
            yield cached
            return
        same = self._scheduler.join(key, subscriber)
        if same is None:
            request.subscribers.append(subscriber)
            with self.metrics.counting("refused"):
                self._scheduler.admit(request)
        yield from self._subscribe(same or request, subscriber)

    def _asker(self, visitor: Visitor | None) -> dict[str, Any]:
        """Whose a request is, as its fields."""
        if visitor is None:
            return {"visitor": f"nameless {next(self._nameless)}", "member": False}
        return {"visitor": visitor.line, "member": visitor.member and self._members is not None}

    def _subscribe(self, request: Request, subscriber: Subscriber) -> Iterator[Any]:
        """The frames of a request; the queue's status until the first."""
        started, outcome = False, "left"
        with self._scheduler.subscribed(request, subscriber):
            try:
                for frame in frames_of(subscriber, HEARTBEAT):
                    if frame is not None:
                        started = True
                        yield frame
                    elif not started:
                        loading = self.active_model is None
                        yield self._scheduler.place(request, loading=loading)
                outcome = "drawn"
            except DalleError:
                outcome = "failed"
                raise
            finally:
                self.metrics.outcome(outcome)

    def _work(self) -> None:
        try:
            self.switch(self._load())
        except Exception as error:
            log.exception("the model could not be loaded")
            message = error if isinstance(error, DalleError) else f"{type(error).__name__}: {error}"
            self._scheduler.failure = FaultError(
                f"The model could not be loaded ({message}). "
                "The owner of this page finds the details in its log."
            )
            self._scheduler.end_all(self._scheduler.failure)
        self._settled.set()
        while True:
            self._step()

    def _step(self) -> None:
        """Takes the next batch and runs it."""
        shares = self._scheduler.take(
            lambda: self.active_model is not None,
            # A request that names the active model shares a batch with those that name none.
            lambda request: self.model_pool.resolve(request.model),
        )
        try:
            self._run(shares)
        except BaseException as error:  # even an exit: the next visitors are served
            log.error("a batch failed: %s", describe_fault(error))
            self._scheduler.end_batch(tell(error))
        finally:
            self._scheduler.put_back()

    def _run(self, shares: list[Share]) -> None:
        started = time.monotonic()
        for request, _ in shares:
            self.metrics.waited(started - request.came)
        active, model = self.active_model, shares[0][0].model
        self._worker.run_batch(self.model_pool.pipeline(model), shares)
        self._scheduler.size = self._worker.size
        for request, _ in shares:
            if isinstance(request, OrderRequest) and request.result and request.key:
                self.cache.put(request.key, request.result)
        requests = [request for request, _ in shares if isinstance(request, GenerateRequest)]
        for request in requests:
            if request.result:
                self.throughput.learn_run(request.result)
        # A failed or abandoned batch took less than its time.
        usual = self.model_pool.resolve(model) == active.name
        if usual and any(not (request.abandoned or request.failed) for request in requests):
            self.throughput.learn_batch(time.monotonic() - started)
