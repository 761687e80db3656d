"""One worker draws for all visitors, in the order in which they came.

The model loads and compiles in the background, so that the page is there at once. A visitor who
stops or leaves closes their iterator: the worker then goes on with the next one after the chunk
that it is drawing.
"""

import logging
import queue
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from dalle.errors import DalleError
from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Preview, Result

log = logging.getLogger(__name__)

WARM_UP_PROMPT = "a red apple"
HEARTBEAT = 0.5  # seconds between two signs of life while waiting
REMEMBERED = 20  # runs whose seconds the estimate is made from


class BusyError(DalleError):
    """Too many requests are waiting already."""


@dataclass(frozen=True)
class Waiting:
    """Not drawn yet: `ahead` requests come first, for about `seconds` (None: not known yet)."""

    ahead: int
    seconds: float | None
    loading: bool


@dataclass(eq=False)
class Request:
    """A prompt, and where its frames go: each as it comes, the Result or an exception last."""

    prompt: str
    knobs: dict[str, Any]
    frames: queue.Queue = field(default_factory=queue.Queue)
    left: threading.Event = field(default_factory=threading.Event)


class Engine:
    """Loads a pipeline with `load` and draws requests with it, one after another."""

    def __init__(self, load: Callable[[], Pipeline], queue_size: int) -> None:
        self._load = load
        self._queue_size = queue_size
        self._requests: deque[Request] = deque()
        self._changed = threading.Condition()
        self._seconds: deque[float] = deque(maxlen=REMEMBERED)
        self._failure: DalleError | None = None
        self._pipeline: Pipeline | None = None
        self._ready = threading.Event()
        self._worker = threading.Thread(target=self._work, name="engine", daemon=True)

    def start(self) -> None:
        self._worker.start()

    @property
    def ready(self) -> bool:
        """Whether a picture was made with these weights."""
        return self._ready.is_set()

    def draw(self, prompt: str, **knobs: Any) -> Iterator[Waiting | Preview | Result]:
        """Waiting while others are drawn, then the pipeline's frames, the Result last.

        DalleError where the request cannot be drawn, BusyError where too many wait.
        """
        request = Request(prompt, knobs)
        with self._changed:
            if self._failure:
                raise self._failure
            if len(self._requests) > self._queue_size:
                raise BusyError(
                    f"{len(self._requests)} requests are waiting, and no more are taken; "
                    "try again in a minute. Your prompt is kept."
                )
            self._requests.append(request)
            self._changed.notify()
        try:
            yield from self._frames(request)
        finally:
            request.left.set()
            with self._changed:
                if request in self._requests:
                    self._requests.remove(request)

    def rank(self, images: Sequence[Image.Image], prompt: str) -> Iterator[Waiting | list[float]]:
        """How well each picture fits the prompt."""
        if self._pipeline is None:
            raise self._failure or DalleError("The model is still loading; try again in a moment.")
        yield self._pipeline.score(images, prompt)

    def _frames(self, request: Request) -> Iterator[Waiting | Preview | Result]:
        started = False
        while True:
            try:
                frame = request.frames.get(timeout=HEARTBEAT)
            except queue.Empty:
                if not started:
                    yield self._waiting(request)
                continue
            if isinstance(frame, Exception):
                raise frame
            started = True
            yield frame
            if isinstance(frame, Result):
                return

    def _waiting(self, request: Request) -> Waiting:
        with self._changed:
            ahead = self._requests.index(request) + 1 if request in self._requests else 0
        seconds = statistics.median(self._seconds) if self._seconds else None
        # The one that is being drawn is half done, on the average.
        left = seconds and seconds * max(0.5, ahead)
        return Waiting(ahead, left, loading=not self.ready)

    def _work(self) -> None:
        try:
            pipeline = self._load()
            pipeline.generate(WARM_UP_PROMPT, seed=0)
        except Exception as error:
            log.exception("the model could not be loaded")
            message = error if isinstance(error, DalleError) else f"{type(error).__name__}: {error}"
            with self._changed:
                self._failure = DalleError(
                    f"The model could not be loaded ({message}). "
                    "Whoever runs this page finds the details in its log."
                )
                for request in self._requests:
                    request.frames.put(self._failure)
                self._requests.clear()
            return
        self._pipeline = pipeline
        self._ready.set()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._requests)
                request = self._requests.popleft()
            self._draw(pipeline, request)

    def _draw(self, pipeline: Pipeline, request: Request) -> None:
        """Sends the request its frames; a failure is the request's alone."""
        started = time.monotonic()
        try:
            for frame in pipeline.stream(
                request.prompt, cancelled=request.left.is_set, **request.knobs
            ):
                request.frames.put(frame)
        except DalleError as error:
            request.frames.put(error)
        except Exception as error:
            log.exception("a request failed")
            request.frames.put(
                DalleError(
                    f"Drawing failed ({type(error).__name__}). Your prompt is kept; try it again, "
                    "with fewer candidates if it fails again."
                )
            )
        else:
            if not request.left.is_set():
                self._seconds.append(time.monotonic() - started)
