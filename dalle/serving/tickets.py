"""A request in the engine: what is asked for, who listens, and the frames that they get."""

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Result
from dalle.generation.run import Run, slots_of
from dalle.serving.cache import Key
from dalle.settings import GenerationSettings

END = object()  # no more frames


@dataclass(eq=False)
class Listener:
    """One who waits for a ticket: each frame as it comes, an exception or END last."""

    previews: bool = True
    frames: queue.Queue = field(default_factory=queue.Queue)


@dataclass(eq=False)
class Ticket:
    """A request; several listeners where they ask for the same recipe."""

    visitor: str
    slots: int  # of a batch, that it still has to be given
    came: float  # time.monotonic()
    listeners: list[Listener] = field(default_factory=list)
    choice: dict[str, Any] = field(default_factory=dict)  # of model and precision
    over: bool = False  # the last frame was sent
    failed: bool = False  # it was an exception
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def deserted(self) -> bool:
        """Whether nobody waits for it."""
        return not self.listeners

    @property
    def undrawn(self) -> int:
        """Slots that it still needs."""
        return self.slots

    @property
    def previews(self) -> bool:
        return any(listener.previews for listener in self.listeners)

    def join(self, listener: Listener) -> bool:
        """Whether the listener came in time for the last frame."""
        with self._lock:
            if not self.over:
                self.listeners.append(listener)
            return not self.over

    def leave(self, listener: Listener) -> None:
        with self._lock:
            if listener in self.listeners:
                self.listeners.remove(listener)

    def send(self, frame: Any) -> None:
        """A frame on the way."""
        for listener in list(self.listeners):
            if listener.previews:
                listener.frames.put(frame)

    def end(self, last: Any) -> None:
        """The last frame, or the exception in its place; what comes later is dropped."""
        with self._lock:
            if self.over:
                return
            self.over, self.failed = True, isinstance(last, Exception)
            for listener in self.listeners:
                listener.frames.put(last)
                if not isinstance(last, Exception):
                    listener.frames.put(END)


@dataclass(eq=False)
class Drawing(Ticket):
    """A prompt to draw."""

    prompt: str = ""
    knobs: dict[str, Any] = field(default_factory=dict)
    settings: GenerationSettings | None = None  # None: the model was not there to check them
    key: Key | None = None
    run: Run | None = None
    pipeline: Pipeline | None = None  # that began the run
    result: Result | None = None

    @property
    def undrawn(self) -> int:
        return len(self.run.undrawn) if self.run else slots_of(len(self.settings.drawn))

    def begin(self, pipeline: Pipeline) -> None:
        """Has the prompt read, again where another model draws by now."""
        if self.pipeline is not pipeline:
            self.settings = self.settings or pipeline.check(self.prompt, **self.knobs)
            self.run = pipeline.begin(self.prompt, self.settings)
            self.pipeline = pipeline


@dataclass(eq=False)
class Ranking(Ticket):
    """Pictures to score."""

    prompt: str = ""
    images: Sequence[Image.Image] = ()
    log_likelihoods: Sequence[float] | None = None


Share = tuple[Ticket, int]  # a ticket, and how many of its slots are drawn in a batch


def frames_of(listener: Listener, heartbeat: float) -> Iterator[Any]:
    """The frames as they come, None where there was none for `heartbeat` seconds."""
    while True:
        try:
            frame = listener.frames.get(timeout=heartbeat)
        except queue.Empty:
            yield None
            continue
        if frame is END:
            return
        if isinstance(frame, Exception):
            raise frame
        yield frame
