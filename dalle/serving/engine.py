"""One worker draws for all visitors: whole batches, in which several of them may share the rows.

The model loads and compiles in the background, so that the page is there at once; it can be
replaced by another one while visitors are served. A visitor who stops or leaves closes their
iterator: nothing more is drawn for them after the chunk that is being drawn.

A batch is filled when the one before it ends. All runs are equally long and a usual request fills
a batch by itself, so rows that could be entered in mid-run would seldom be free; they would cost
every run a cache of its full length, and a row for each its own position.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

from PIL import Image

from dalle.errors import DalleError, FaultError
from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Preview, Result
from dalle.generation.run import slots_of
from dalle.serving.admission import BusyError, Pace
from dalle.serving.backlog import Backlog
from dalle.serving.batch import Drawer
from dalle.serving.cache import ResultCache, recipe_key
from dalle.serving.faults import STOPPED, tell
from dalle.serving.metrics import Metrics
from dalle.serving.states import Coming, Serving, Waiting
from dalle.serving.tickets import Drawing, Listener, Ranking, Share, Ticket, frames_of
from dalle.settings import GenerationSettings, check_prompt

log = logging.getLogger(__name__)

__all__ = ["BusyError", "Coming", "Engine", "FaultError", "Serving", "Waiting"]

WARM_UP_PROMPT = "a red apple"
HEARTBEAT = 0.5  # seconds between two signs of life while waiting
MAX_WAIT = 120.0  # seconds
CACHE_BYTES = 128 * 2**20
DEFAULTS = ("candidates", "condition_scale", "temperature", "top_k", "top_p")


class Engine:
    """Loads a pipeline with `load` and draws requests with it."""

    def __init__(
        self,
        load: Callable[[], Pipeline],
        queue_size: int,
        max_wait: float = MAX_WAIT,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self.coming: Coming | None = None  # told by dalle.serving.models
        self.metrics = Metrics()
        self.cache = ResultCache(cache_bytes)
        self._load = load
        self._queue_size = queue_size
        self._backlog = Backlog(queue_size, max_wait, self.cache)
        self._strangers = count()
        self._drawer = Drawer(self.metrics)
        self._serving: Serving | None = None
        self._settled = threading.Event()
        self._worker = threading.Thread(target=self._work, name="engine", daemon=True)
        self.metrics.watch(
            {
                "queue_requests": ("Requests that nobody has begun to draw", lambda: self.waiting),
                "ready": ("Whether a picture was made", lambda: self.ready),
                "cache_bytes": ("Pixels of the results kept", lambda: self.cache.size),
                "batch_size": ("Slots of a batch", lambda: self._drawer.size),
            }
        )

    def start(self) -> None:
        self._worker.start()

    @property
    def ready(self) -> bool:
        """Whether a picture was made with these weights, and more are taken."""
        return self._serving is not None and not self._backlog.closed

    @property
    def serving(self) -> Serving | None:
        """The model that draws; None before its first picture."""
        return self._serving

    @property
    def failure(self) -> str | None:
        """Why no model draws, in a sentence; None where one does or is still loading."""
        failure = self._backlog.failure
        return str(failure) if failure else None

    @property
    def queue_size(self) -> int:
        """Requests that may wait while a batch is drawn, however short they are."""
        return self._queue_size

    @property
    def waiting(self) -> int:
        """Requests that nobody has begun to draw."""
        return len(self._backlog)

    @property
    def listening(self) -> int:
        """Visitors who wait for something."""
        return self._backlog.listening_now

    @property
    def seconds(self) -> float | None:
        """What a batch takes, the middle one of the last ones; None before the first."""
        return self._backlog.pace.seconds

    def wait_until_settled(self) -> None:
        """Returns when the first model draws, or cannot."""
        self._settled.wait()

    def switch(self, pipeline: Pipeline) -> None:
        """Draws with this model from the next request on, once it has made a picture here."""
        # With previews, so that nothing is left to compile when the first visitor comes.
        *_, result = pipeline.stream(WARM_UP_PROMPT, seed=0)
        picture = result.pictures[0]
        settings = picture.recipe["settings"]
        serving = Serving(
            pipeline,
            picture.recipe["model"],
            picture.recipe.get("revision"),
            picture.recipe.get("precision"),
            picture.image.size,
            {name: settings[name] for name in DEFAULTS},
        )
        with self._backlog.changed:
            self._serving = serving
            self._backlog.failure = None
            self._backlog.pace = Pace()
            self.cache.clear()
            self._backlog.changed.notify_all()

    def drain(self, seconds: float) -> bool:
        """Takes no more requests, and finishes those that came; whether all were done in time.

        Whoever is not done by then is told so.
        """
        done = self._backlog.close(seconds)
        self._backlog.end_all(FaultError(STOPPED))
        return done

    def draw(
        self, prompt: str, *, visitor: str | None = None, previews: bool = True, **knobs: Any
    ) -> Iterator[Waiting | Preview | Result]:
        """Waiting while others are drawn, then previews if wanted, the Result last.

        Requests of one visitor take turns with those of others; None is a visitor of their own.
        DalleError where the request cannot be drawn, BusyError where the wait would be too long,
        FaultError where the server fails.
        """
        serving, key = self._serving, None
        with self._counting("rejected"):
            if serving:
                settings = serving.pipeline.check(prompt, **knobs)
                names = (serving.name, serving.revision, serving.precision, prompt)
                key = recipe_key(*names, settings=settings)
            else:
                check_prompt(prompt)
                settings = GenerationSettings.of({}, knobs)
        cached = self.cache.get(key) if key else None
        if cached:
            self.metrics.outcome("cached")
            yield cached.result
            return
        listener = Listener(previews)
        ticket = self._backlog.join(key, listener)
        if ticket is None:
            ticket = Drawing(
                self._name(visitor),
                slots_of(len(settings.drawn)),
                time.monotonic(),
                [listener],
                prompt=prompt,
                knobs=knobs,
                settings=settings if serving else None,
                key=key,
            )
            self._admit(ticket)
        yield from self._listen(ticket, listener)

    def rank(
        self, images: Sequence[Image.Image], prompt: str, *, visitor: str | None = None
    ) -> Iterator[Waiting | list[float]]:
        """Waiting while others are drawn, then how well each picture fits the prompt.

        The errors are those of `draw`.
        """
        listener = Listener()
        ticket = Ranking(
            self._name(visitor), 1, time.monotonic(), [listener], prompt=prompt, images=images
        )
        self._admit(ticket)
        yield from self._listen(ticket, listener)

    def _name(self, visitor: str | None) -> str:
        return f"stranger {next(self._strangers)}" if visitor is None else f"visitor {visitor}"

    @contextmanager
    def _counting(self, outcome: str) -> Iterator[None]:
        """Counts the requests that do not get into the queue."""
        try:
            yield
        except DalleError:
            self.metrics.outcome(outcome)
            raise

    def _admit(self, ticket: Ticket) -> None:
        with self._counting("refused"):
            self._backlog.admit(ticket)

    def _listen(self, ticket: Ticket, listener: Listener) -> Iterator[Any]:
        """What comes of a ticket; signs of life until then."""
        started, outcome = False, "left"
        with self._backlog.listening(ticket, listener):
            try:
                for frame in frames_of(listener, HEARTBEAT):
                    if frame is not None:
                        started = True
                        yield frame
                    elif not started:
                        yield self._backlog.place(ticket, loading=self._serving is None)
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
            self._backlog.failure = FaultError(
                f"The model could not be loaded ({message}). "
                "Whoever runs this page finds the details in its log."
            )
            self._backlog.end_all(self._backlog.failure)
        self._settled.set()
        while True:
            shares = self._backlog.take(lambda: self._serving is not None)
            try:
                self._draw(shares)
            except BaseException as error:  # even an exit: the next visitors are drawn
                log.exception("a batch failed")
                self._backlog.end_batch(tell(error))
            finally:
                self._backlog.put_back()

    def _draw(self, shares: list[Share]) -> None:
        started = time.monotonic()
        for ticket, _ in shares:
            self.metrics.waited(started - ticket.came)
        self._drawer.draw(self._serving.pipeline, shares)
        self._backlog.size = self._drawer.size
        drawings = [ticket for ticket, _ in shares if isinstance(ticket, Drawing)]
        for ticket in drawings:
            if ticket.result and ticket.key:
                self.cache.put(ticket.key, ticket.result)
        # What failed or was left took less than a batch takes.
        if any(not (ticket.deserted or ticket.failed) for ticket in drawings):
            self._backlog.pace.learn(time.monotonic() - started)
