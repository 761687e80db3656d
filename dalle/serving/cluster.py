"""Several machines draw for one page: the face of an Engine, and behind it replicas.

A request goes to one replica, where it waits its visitor's turn and shares batches as on a single
machine. Its seed is fixed before it is sent: a machine that dies takes nothing with it, the
request is sent to another one, and the pictures are the same. What refuses a request (the filter,
a full queue) refuses it once and for all; only what is lost is sent again.

The model's weights are the replicas'. Ray itself is in ray_serve.py.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from PIL import Image

from dalle.errors import DalleError, FaultError
from dalle.generation.result import Preview, Result
from dalle.safety.prompts import PromptFilter
from dalle.serving.admission import A_MINUTE, BusyError, Pace, refuse
from dalle.serving.cache import ResultCache
from dalle.serving.estimate import Estimate
from dalle.serving.faults import STOPPED
from dalle.serving.installed import Installed, split_choice
from dalle.serving.metrics import Metrics
from dalle.serving.replica import Abilities
from dalle.serving.states import Coming, Serving, Waiting
from dalle.serving.tickets import END, Listener, frames_of
from dalle.settings import GenerationSettings, check_prompt

log = logging.getLogger(__name__)

HEARTBEAT = 0.5  # seconds between two signs of life while waiting
WATCH = 2.0  # seconds between two looks at the replicas
PAUSES = (1.0, 3.0, 10.0)  # seconds before a lost request is sent again
LOST = (
    f"The machine that drew this failed, and so did {len(PAUSES)} others after it. "
    "Your prompt is kept; try it again in a minute."
)
NO_ANSWER = "The cluster does not answer; whoever runs this page finds the details in its log."
NO_TAKER = (
    "No machine of the cluster has taken this request in {:.0f} seconds; try again in a minute. "
    "Your prompt is kept."
)


class Call(Protocol):
    """A request at a replica: its frames, an exception of ours as the last one."""

    def __iter__(self) -> Iterator[Any]: ...

    def cancel(self) -> None: ...


@dataclass(frozen=True)
class State:
    """How the replicas are: how many draw, and why none ever will, in a sentence."""

    running: int
    failure: str | None = None


class Replicas(Protocol):
    """The machines, as ray_serve.py reaches them."""

    def start(self) -> None: ...

    def state(self) -> State: ...

    def describe(self) -> Abilities: ...

    def call(self, method: str, *arguments: Any, **named: Any) -> Call:
        """Sends a request; BusyError, here or while it is iterated, where too many wait."""


class ClusterEngine:
    """What Engine is for a single machine: what the page, its API and the probes ask."""

    coming: Coming | None = None  # a replica loads its model before it takes requests

    def __init__(
        self, replicas: Replicas, queue_size: int, prompt_filter: PromptFilter, max_wait: float
    ) -> None:
        self.installed = Installed()
        self.estimate = Estimate()
        self.metrics = Metrics()
        self.cache = ResultCache(0)  # results are kept by the replicas
        self.queue_size = queue_size  # requests that may wait at each replica
        self._replicas, self._prompt_filter = replicas, prompt_filter
        self._max_wait = max_wait
        self._serving: Serving | None = None
        self._state = State(0)
        self._started = threading.Event()
        self._begun: dict[Listener, bool] = {}  # who waits; whether their request is being drawn
        self._changed = threading.Condition()
        self._closed = False
        self._watcher = threading.Thread(target=self._watch, name="cluster", daemon=True)
        self.metrics.watch(
            {
                "queue_requests": ("Requests that nobody has begun to draw", lambda: self.waiting),
                "ready": ("Whether a replica draws", lambda: self.ready),
                "replicas": ("Replicas that draw", lambda: self._state.running),
            }
        )

    def start(self) -> None:
        self._watcher.start()

    @property
    def ready(self) -> bool:
        """Whether a replica draws, and more requests are taken."""
        return self._serving is not None and self._state.running > 0 and not self._closed

    @property
    def serving(self) -> Serving | None:
        """The replicas' model, its pipeline being None; None before the first replica draws."""
        return self._serving

    @property
    def failure(self) -> str | None:
        """Why no replica draws, in a sentence; None where one does or is still loading."""
        return self._state.failure

    @property
    def waiting(self) -> int:
        """Requests that nobody has begun to draw."""
        return sum(not begun for begun in list(self._begun.values()))

    @property
    def listening(self) -> int:
        """Visitors who wait for something."""
        return len(self._begun)

    @property
    def seconds(self) -> float | None:
        """What a batch takes at a replica; None before the first result."""
        serving = self._serving
        return serving and self.estimate.batch(serving.name, serving.precision)

    def drain(self, seconds: float) -> bool:
        """Takes no more requests, and hands over those that came; whether all were in time.

        Whoever is not done by then is told so. The replicas go on, for other pages.
        """
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: not self._begun, seconds)
            for listener in self._begun:
                listener.frames.put(FaultError(STOPPED))
        return done

    def draw(
        self, prompt: str, *, visitor: str | None = None, previews: bool = True, **knobs: Any
    ) -> Iterator[Waiting | Preview | Result]:
        """As Engine.draw.

        The filter judges here what is written; what the model reads is judged by the replica.
        """
        with self.metrics.counting("rejected"):
            choice, others = split_choice(knobs)
            self.installed.check(self._serving, choice)
            settings = GenerationSettings.of({}, others)
            self._require(check_prompt(prompt), settings.negative_prompt)
        seed = secrets.randbits(32) if settings.seed is None else settings.seed
        knobs |= {"seed": seed, "visitor": visitor, "previews": previews}
        return self._frames(lambda: self._replicas.call("draw", prompt, **knobs))

    def rank(
        self,
        images: Sequence[Image.Image],
        prompt: str,
        log_likelihoods: Sequence[float] | None = None,
        *,
        visitor: str | None = None,
        **choice: str,
    ) -> Iterator[Waiting | list[float]]:
        """As Engine.rank."""
        with self.metrics.counting("rejected"):
            self.installed.check(self._serving, choice)
            self._require(prompt)
        named = {"log_likelihoods": log_likelihoods, "visitor": visitor, **choice}
        return self._frames(lambda: self._replicas.call("rank", list(images), prompt, **named))

    def _require(self, *texts: str) -> None:
        for text in texts:
            self._prompt_filter.require(text, None)

    @contextmanager
    def _listening(self) -> Iterator[Listener]:
        listener = Listener()
        with self.metrics.counting("refused"), self._changed:
            if self.failure:
                raise FaultError(self.failure)
            if self._closed:
                raise refuse(Pace(), stopping=True)
            self._begun[listener] = False
        try:
            yield listener
        finally:
            with self._changed:
                del self._begun[listener]
                self._changed.notify_all()

    def _frames(self, send: Callable[[], Call]) -> Iterator[Any]:
        """What comes of a request, wherever it is drawn in the end."""
        with self._listening() as listener:
            outcome = "left"
            try:
                for frame in self._insist(send, listener):
                    self._learn(frame, listener)
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

    def _learn(self, frame: Any, listener: Listener) -> None:
        waits = isinstance(frame, Waiting) and (frame.ahead > 0 or frame.loading)
        self._begun[listener] = not waits
        if isinstance(frame, Result):
            self.estimate.learn(frame)
            self.metrics.drawn(len(frame.pictures) + len(frame.rejected), frame.seconds)

    def _insist(self, send: Callable[[], Call], listener: Listener) -> Iterator[Any]:
        """Sends a request again where it was lost; FaultError where it always is."""
        for pause in (*PAUSES, None):
            try:
                yield from self._try(send, listener)
                return
            except DalleError:
                raise
            except Exception as error:
                # The transport's: what goes wrong with a drawing is a DalleError.
                log.warning("a request was lost (%s: %s)", type(error).__name__, error)
                if self.failure:
                    raise FaultError(self.failure) from error
            if pause is not None:
                yield Waiting(0, None, loading=not self.ready)
                time.sleep(pause)
        raise FaultError(LOST)

    def _try(self, send: Callable[[], Call], listener: Listener) -> Iterator[Any]:
        """The frames of one sending; BusyError where no replica takes it."""
        while not self._started.wait(HEARTBEAT):
            if self.failure:
                raise FaultError(self.failure)
            yield Waiting(0, None, loading=True)
        call, sent, heard = send(), time.monotonic(), False
        threading.Thread(target=_pour, args=(call, listener), daemon=True).start()
        try:
            for frame in frames_of(listener, HEARTBEAT):
                if frame is not None:
                    heard = True
                    yield frame
                elif not heard:
                    if time.monotonic() - sent > self._max_wait:
                        raise BusyError(NO_TAKER.format(self._max_wait), A_MINUTE)
                    yield Waiting(0, None, loading=not self.ready)
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
                if state.running and self._serving is None:
                    self._meet(self._replicas.describe())
                self._state = state
            except Exception:
                log.exception("the cluster does not answer")
                self._state = State(0, NO_ANSWER)
            with self._changed:
                self._changed.wait_for(lambda: self._closed, WATCH)

    def _meet(self, abilities: Abilities) -> None:
        """Knows from now on what the replicas draw with."""
        installed = Installed(precisions=abilities.precisions)
        for offer in abilities.offers:
            installed.add(offer)
        self.installed, self._serving = installed, abilities.serving


def _pour(call: Call, listener: Listener) -> None:
    """Hands all frames of a call to its listener, an exception in place of the last one."""
    try:
        for frame in call:
            listener.frames.put(frame)
        listener.frames.put(END)
    except Exception as error:
        listener.frames.put(error)
