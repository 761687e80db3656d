"""Requests in the engine, their subscribers, and the frames between them."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dalle.engine.order import Order, RankOrder
from dalle.engine.result_cache import Key
from dalle.generation.editing.alteration import Immediate
from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Result
from dalle.generation.run import Run, slots_of
from dalle.settings import GenerationSettings

END = object()  # no more frames


@dataclass(eq=False)
class Subscriber:
    """A caller who waits for a request: gets each frame, then an exception or END."""

    previews: bool = True
    frames: queue.Queue = field(default_factory=queue.Queue)


@dataclass(eq=False)
class Request:
    """A request; several subscribers where they ask for the same recipe."""

    visitor: str
    slots: int  # of a batch, that it still has to be given
    came: float  # time.monotonic()
    subscribers: list[Subscriber] = field(default_factory=list)
    model: str | None = None  # None: the active one
    member: bool = False  # their visitor is one
    over: bool = False  # the last frame was sent
    failed: bool = False  # it was an exception
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def abandoned(self) -> bool:
        """Whether it has no subscriber left."""
        return not self.subscribers

    @property
    def pending(self) -> int:
        """Slots that it still needs."""
        return self.slots

    @property
    def pixels(self) -> int:
        """Of the pictures that it holds until it is done."""
        return 0

    @property
    def previews(self) -> bool:
        return any(subscriber.previews for subscriber in self.subscribers)

    def join(self, subscriber: Subscriber) -> bool:
        """Whether the subscriber came in time for the last frame."""
        with self._lock:
            if not self.over:
                self.subscribers.append(subscriber)
            return not self.over

    def leave(self, subscriber: Subscriber) -> None:
        with self._lock:
            if subscriber in self.subscribers:
                self.subscribers.remove(subscriber)

    def send(self, frame: Any) -> None:
        """A frame on the way."""
        for subscriber in list(self.subscribers):
            if subscriber.previews:
                subscriber.frames.put(frame)

    def end(self, last: Any) -> None:
        """Sends the last frame, or an exception in its place; later ones are dropped."""
        with self._lock:
            if self.over:
                return
            self.over, self.failed = True, isinstance(last, Exception)
            for subscriber in self.subscribers:
                subscriber.frames.put(last)
                if not isinstance(last, Exception):
                    subscriber.frames.put(END)


@dataclass(eq=False)
class OrderRequest(Request):
    """An order, whose result may be cached."""

    order: Order | None = None
    settings: GenerationSettings | None = None  # None: no model was loaded to complete them
    key: Key | None = None
    result: Result | None = None

    @property
    def pixels(self) -> int:
        return self.order.alteration.pixels if self.order.alteration else 0


@dataclass(eq=False)
class GenerateRequest(OrderRequest):
    """Pictures to generate, of a prompt or of another picture."""

    run: Run | None = None
    pipeline: Pipeline | None = None  # that began the run

    @property
    def pending(self) -> int:
        if self.run:
            return len(self.run.pending)
        return slots_of(len((self.settings or self.order.settings({})).candidate_numbers))

    def begin(self, pipeline: Pipeline) -> None:
        """Has the prompt read, again where another model draws by now."""
        if self.pipeline is pipeline:
            return
        order = self.order
        if self.settings is None:
            self.settings = complete(order, pipeline)
        if order.alteration:
            self.run = pipeline.begin_alteration(order.alteration, order.prompt, self.settings)
        else:
            self.run = pipeline.begin(order.prompt, self.settings)
        self.pipeline = pipeline


def complete(order: Order, pipeline: Pipeline, judged: bool = False) -> GenerationSettings:
    """All settings of an order; PromptRefused where the filter does not allow its text.

    `judged`: it was asked before, about the text as this model reads it.
    """
    check = pipeline.settle if judged else pipeline.check
    if order.alteration is None:
        return check(order.prompt, **order.knobs)
    # Nothing is sampled for an immediate one, so that its knobs make no difference.
    immediate = isinstance(order.alteration, Immediate)
    return check(order.prompt, promptless=True, **({"seed": 0} if immediate else order.knobs))


@dataclass(eq=False)
class AlterRequest(OrderRequest):
    """A picture to enlarge or to read: nothing is sampled."""

    done: int = 0  # slots of its work
    steps: Iterator[Result | None] | None = None  # what is left of it
    pipeline: Pipeline | None = None  # that began it

    @property
    def pending(self) -> int:
        return max(1, self.order.alteration.slots - self.done)

    def answer(self, pipeline: Pipeline, slots: int) -> Result | None:
        """The work of so many slots; the result, kept for the cache, after the last of all."""
        alteration: Immediate = self.order.alteration
        if self.pipeline is not pipeline:  # anew where another model draws by now
            self.pipeline, self.steps, self.done = pipeline, alteration.steps(pipeline), 0
        for _ in range(slots):
            self.done += 1
            self.result = next(self.steps)
            if self.result or self.abandoned:
                break
        return self.result


@dataclass(eq=False)
class RankRequest(Request):
    """Pictures to score."""

    order: RankOrder | None = None

    def answer(self, pipeline: Pipeline, slots: int) -> list[float]:
        """The scores."""
        order = self.order
        return pipeline.score(order.images, order.prompt, order.log_likelihoods)

    def end(self, last: Any) -> None:
        """As any request, and the pictures are let go."""
        super().end(last)
        self.order = None


Share = tuple[Request, int]  # a request, and how many of its slots are drawn in a batch


def frames_of(subscriber: Subscriber, heartbeat: float) -> Iterator[Any]:
    """The frames as they come, None where there was none for `heartbeat` seconds."""
    while True:
        try:
            frame = subscriber.frames.get(timeout=heartbeat)
        except queue.Empty:
            yield None
            continue
        if frame is END:
            return
        if isinstance(frame, Exception):
            raise frame
        yield frame
