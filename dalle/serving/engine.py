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
from itertools import count
from typing import Any

from PIL import Image

from dalle.errors import DalleError, FaultError
from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Preview, Result
from dalle.generation.run import slots_of
from dalle.safety.prompts import PromptFilter
from dalle.serving.admission import BusyError, Pace
from dalle.serving.backlog import Backlog
from dalle.serving.batch import Drawer
from dalle.serving.cache import Key, ResultCache, recipe_key
from dalle.serving.estimate import Estimate, warm_up
from dalle.serving.faults import STOPPED, tell
from dalle.serving.installed import Installed, split_choice
from dalle.serving.metrics import Metrics
from dalle.serving.states import Coming, Serving, Waiting
from dalle.serving.tickets import Drawing, Listener, Ranking, Share, Ticket, frames_of
from dalle.settings import GenerationSettings, check_prompt

log = logging.getLogger(__name__)

__all__ = ["BusyError", "Coming", "Engine", "FaultError", "Serving", "Waiting"]

HEARTBEAT = 0.5  # seconds between two signs of life while waiting
MAX_WAIT = 120.0  # seconds
CACHE_BYTES = 128 * 2**20
DEFAULTS = ("candidates", "condition_scale", "temperature", "top_k", "top_p")


class Engine:
    """Loads a pipeline with `load` and draws requests with it.

    What the filter refuses never comes into the queue.
    """

    def __init__(
        self,
        load: Callable[[], Pipeline],
        queue_size: int,
        installed: Installed | None = None,
        prompt_filter: PromptFilter | None = None,
        max_wait: float = MAX_WAIT,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self.coming: Coming | None = None  # told by dalle.serving.models
        self.installed = installed or Installed()
        self._prompt_filter = prompt_filter or PromptFilter.load()
        self.estimate = Estimate()
        self.metrics = Metrics()
        self.cache = ResultCache(cache_bytes)
        self._load = load
        self._queue_size = queue_size
        self._backlog = Backlog(queue_size, max_wait)
        self._strangers = count()
        self._drawer = Drawer(self.metrics, lambda: self.waiting)
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
        picture = warm_up(pipeline, self.estimate, lambda: self.waiting > 0).pictures[0]
        settings = picture.recipe["settings"]
        serving = Serving(
            pipeline,
            picture.recipe["model"],
            picture.recipe.get("revision"),
            picture.recipe.get("precision"),
            picture.recipe.get("machine"),
            picture.image.size,
            {name: settings[name] for name in DEFAULTS},
        )
        with self._backlog.changed:
            self._serving = serving
            self._backlog.failure = None
            self._backlog.size = self._drawer.size = pipeline.slots_together
            self._backlog.pace = Pace(self.estimate.batch(serving.name, serving.precision))
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
        Among the knobs may be `model` and `precision`, of those that are installed. At once
        PromptRefused for what the filter does not allow, another DalleError for what cannot be
        drawn; on the way BusyError where the wait would be too long, FaultError where the server
        fails.
        """
        with self.metrics.counting("rejected"):
            choice, knobs = split_choice(knobs)
            self.installed.check(self._serving, choice)
            settings, key = self._check(prompt, choice, knobs)
        ticket = Drawing(
            self._name(visitor),
            slots_of(len(settings.drawn)),
            time.monotonic(),
            choice=choice,
            prompt=prompt,
            knobs=knobs,
            settings=settings if key else None,
            key=key,
        )
        return self._frames(ticket, Listener(previews))

    def rank(
        self,
        images: Sequence[Image.Image],
        prompt: str,
        log_likelihoods: Sequence[float] | None = None,
        *,
        visitor: str | None = None,
        **choice: str,
    ) -> Iterator[Waiting | list[float]]:
        """Waiting while others are drawn, then the scores of Pipeline.score.

        The choice of `model` and `precision` and the errors are those of `draw`.
        """
        with self.metrics.counting("rejected"):
            self.installed.check(self._serving, choice)
            self._require(self._serving and self._serving.pipeline, prompt)
        ticket = Ranking(
            self._name(visitor), 1, time.monotonic(), choice=choice,
            prompt=prompt, images=images, log_likelihoods=log_likelihoods,
        )  # fmt: skip
        return self._frames(ticket, Listener())

    def _check(
        self, prompt: str, choice: dict[str, Any], knobs: dict[str, Any]
    ) -> tuple[GenerationSettings, Key | None]:
        """The settings as far as they are known, and what to look for in the cache.

        Only where the pipeline is loaded are both final.
        """
        serving = self._serving
        pipeline = serving and self.installed.loaded(serving, choice)
        settings = GenerationSettings.of({}, knobs)
        self._require(pipeline, check_prompt(prompt), settings.negative_prompt)
        if pipeline is None:
            return settings, None
        settings = pipeline.check(prompt, **knobs)
        model, precision = self.installed.resolve(serving, choice)
        offer = self.installed.offer(serving, model)
        return settings, recipe_key(model, offer.revision, precision, prompt, settings)

    def _require(self, pipeline: Pipeline | None, *texts: str) -> None:
        """PromptRefused for a text that the filter refuses, as written or as the model reads it."""
        for text in texts:
            self._prompt_filter.require(text, pipeline and pipeline.normalize)

    def _frames(self, ticket: Ticket, listener: Listener) -> Iterator[Any]:
        """Out of the cache, or with somebody who asked for the same, or in a turn of its own."""
        key = ticket.key if isinstance(ticket, Drawing) else None
        cached = self.cache.get(key) if key else None
        if cached:
            self.metrics.outcome("cached")
            yield cached.result
            return
        same = self._backlog.join(key, listener)
        if same is None:
            ticket.listeners.append(listener)
            self._admit(ticket)
        yield from self._listen(same or ticket, listener)

    def _name(self, visitor: str | None) -> str:
        return f"stranger {next(self._strangers)}" if visitor is None else f"visitor {visitor}"

    def _admit(self, ticket: Ticket) -> None:
        with self.metrics.counting("refused"):
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
            shares = self._backlog.take(
                lambda: self._serving is not None,
                # Who names the model that draws anyway shares with those who name none.
                lambda ticket: self.installed.resolve(self._serving, ticket.choice),
            )
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
        serving, choice = self._serving, shares[0][0].choice
        self._drawer.draw(self.installed.pipeline(serving, choice), shares)
        self._backlog.size = self._drawer.size
        drawings = [ticket for ticket, _ in shares if isinstance(ticket, Drawing)]
        for ticket in drawings:
            if ticket.result:
                self.estimate.learn(ticket.result)
            if ticket.result and ticket.key:
                self.cache.put(ticket.key, ticket.result)
        # What failed or was left took less than a batch takes.
        usual = self.installed.loaded(serving, choice) is serving.pipeline
        if usual and any(not (ticket.deserted or ticket.failed) for ticket in drawings):
            self._backlog.pace.learn(time.monotonic() - started)
