"""One worker draws for all visitors, in the order in which they came.

The model loads and compiles in the background, so that the page is there at once; it can be
replaced by another one while visitors are served. A visitor who stops or leaves closes their
iterator: the worker then goes on with the next one after the chunk that it is drawing.
"""

import logging
import math
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from dalle.errors import DalleError
from dalle.generation.pipeline import DRAWN_TOGETHER, Pipeline
from dalle.generation.result import Preview, Result
from dalle.serving.estimate import Estimate, warm_up
from dalle.serving.installed import Installed, split_choice

log = logging.getLogger(__name__)

HEARTBEAT = 0.5  # seconds between two signs of life while waiting
RETRY_AFTER = 10.0  # seconds, where no run has told yet what one takes
DEFAULTS = ("candidates", "condition_scale", "temperature", "top_k", "top_p")


class BusyError(DalleError):
    """Too many requests are waiting already; in `retry_after` seconds it may be tried again."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class FaultError(DalleError):
    """The server failed, whatever was asked for."""


@dataclass(frozen=True)
class Serving:
    """The model that draws, and what a first picture of it has told."""

    pipeline: Pipeline
    name: str
    revision: str | None
    precision: str | None
    size: tuple[int, int]  # width and height of its pictures
    defaults: dict[str, Any]  # what it draws with where nothing else is asked for


@dataclass(frozen=True)
class Coming:
    """A model on its way to take the place of the one that serves."""

    name: str
    stage: str  # "downloading", "loading", "serving", "installed" (may be chosen) or "failed"
    part: int = 0  # of its parts, which one is being downloaded, from 1
    parts: int = 0
    done: int = 0  # bytes of this part
    total: int = 0  # bytes of this part, of the files that are known by now
    failure: str | None = None  # a sentence


@dataclass(frozen=True)
class Waiting:
    """Not drawn yet: `ahead` requests come first, for about `seconds` (None: not known yet)."""

    ahead: int
    seconds: float | None
    loading: bool


@dataclass(eq=False)
class Request:
    """Some work, and where its frames go: each as it comes, the last one or an exception last."""

    work: Callable[[Serving, Callable[[], bool]], Iterator[Any]]  # told whether nobody waits
    frames: queue.Queue = field(default_factory=queue.Queue)
    left: threading.Event = field(default_factory=threading.Event)


END = object()  # no more frames of this request


class Engine:
    """Loads a pipeline with `load` and draws requests with it, one after another."""

    def __init__(
        self, load: Callable[[], Pipeline], queue_size: int, installed: Installed | None = None
    ) -> None:
        self.coming: Coming | None = None  # told by dalle.serving.models
        self.installed = installed or Installed()
        self.estimate = Estimate()
        self._load = load
        self._queue_size = queue_size
        self._requests: deque[Request] = deque()
        self._changed = threading.Condition()
        self._serving: Serving | None = None
        self._failure: DalleError | None = None
        self._settled = threading.Event()
        self._worker = threading.Thread(target=self._work, name="engine", daemon=True)

    def start(self) -> None:
        self._worker.start()

    @property
    def ready(self) -> bool:
        """Whether a picture was made with these weights."""
        return self._serving is not None

    @property
    def serving(self) -> Serving | None:
        """The model that draws; None before its first picture."""
        return self._serving

    @property
    def failure(self) -> str | None:
        """Why no model draws, in a sentence; None where one does or is still loading."""
        return str(self._failure) if self._failure else None

    @property
    def queue_size(self) -> int:
        """Requests that may wait while one is drawn."""
        return self._queue_size

    @property
    def waiting(self) -> int:
        """Requests that nobody has begun to draw."""
        return len(self._requests)

    @property
    def seconds(self) -> float | None:
        """What a run of the model that draws takes; None before the first."""
        serving = self._serving
        if serving is None:
            return None
        return self.estimate.seconds(DRAWN_TOGETHER, serving.name, serving.precision)

    def wait_until_settled(self) -> None:
        """Returns when the first model draws, or cannot."""
        self._settled.wait()

    def switch(self, pipeline: Pipeline) -> None:
        """Draws with this model from the next request on, once it has made a picture here."""
        picture = warm_up(pipeline, self.estimate, lambda: bool(self._requests)).pictures[0]
        settings = picture.recipe["settings"]
        serving = Serving(
            pipeline,
            picture.recipe["model"],
            picture.recipe.get("revision"),
            picture.recipe.get("precision"),
            picture.image.size,
            {name: settings[name] for name in DEFAULTS},
        )
        with self._changed:
            self._serving = serving
            self._failure = None

    def draw(self, prompt: str, **knobs: Any) -> Iterator[Waiting | Preview | Result]:
        """Waiting while others are drawn, then the pipeline's frames, the Result last.

        Among the knobs may be `model` and `precision`, of those that are installed. DalleError
        where the request cannot be drawn, BusyError where too many wait, FaultError where the
        server fails.
        """
        choice, knobs = split_choice(knobs)
        self.installed.check(self._serving, choice)
        return self._ask(
            Request(
                lambda serving, left: self.installed.pipeline(serving, choice).stream(
                    prompt, cancelled=left, **knobs
                )
            )
        )

    def rank(
        self, images: Sequence[Image.Image], prompt: str, **choice: str
    ) -> Iterator[Waiting | list[float]]:
        """Waiting while others are drawn, then how well each picture fits the prompt.

        The choice of `model` and `precision` and the errors are those of `draw`.
        """
        self.installed.check(self._serving, choice)

        def score(serving: Serving, left: Callable[[], bool]) -> Iterator[list[float]]:
            yield self.installed.pipeline(serving, choice).score(images, prompt)

        return self._ask(Request(score))

    def _ask(self, request: Request) -> Iterator[Any]:
        """Puts a request in the queue, and hands on what comes of it."""
        with self._changed:
            if self._failure:
                raise self._failure
            if len(self._requests) > self._queue_size:
                seconds = self.seconds or RETRY_AFTER
                raise BusyError(
                    f"{len(self._requests)} requests are waiting, and no more are taken; "
                    f"try again in {math.ceil(seconds)} seconds. Your prompt is kept.",
                    retry_after=seconds,
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

    def _frames(self, request: Request) -> Iterator[Any]:
        started = False
        while True:
            try:
                frame = request.frames.get(timeout=HEARTBEAT)
            except queue.Empty:
                if not started:
                    yield self._waiting(request)
                continue
            if frame is END:
                return
            if isinstance(frame, Exception):
                raise frame
            started = True
            yield frame

    def _waiting(self, request: Request) -> Waiting:
        with self._changed:
            ahead = self._requests.index(request) + 1 if request in self._requests else 0
        seconds = self.seconds
        # The one that is being drawn is half done, on the average.
        left = seconds and seconds * max(0.5, ahead)
        return Waiting(ahead, left, loading=not self.ready)

    def _work(self) -> None:
        try:
            self.switch(self._load())
        except Exception as error:
            log.exception("the model could not be loaded")
            self._fail(error)
        self._settled.set()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._requests and self._serving)
                request = self._requests.popleft()
            self._serve(request)

    def _fail(self, error: Exception) -> None:
        """Tells everyone that no model draws."""
        message = error if isinstance(error, DalleError) else f"{type(error).__name__}: {error}"
        with self._changed:
            self._failure = FaultError(
                f"The model could not be loaded ({message}). "
                "Whoever runs this page finds the details in its log."
            )
            for request in self._requests:
                request.frames.put(self._failure)
            self._requests.clear()

    def _serve(self, request: Request) -> None:
        """Sends the request its frames; a failure is the request's alone."""
        try:
            for frame in request.work(self._serving, request.left.is_set):
                if isinstance(frame, Result):
                    self.estimate.learn(frame)
                request.frames.put(frame)
        except DalleError as error:
            request.frames.put(error)
        except Exception as error:
            log.exception("a request failed")
            request.frames.put(
                FaultError(
                    f"Drawing failed ({type(error).__name__}). Your prompt is kept; try it again, "
                    "with fewer candidates if it fails again."
                )
            )
        else:
            request.frames.put(END)
