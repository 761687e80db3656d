"""The queue, the running batch, and the expected waits; safe for threads."""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from dalle.engine.admission import BusyError, refuse
from dalle.engine.fair_queue import FairQueue
from dalle.engine.lanes import MemberLane
from dalle.engine.requests import OrderRequest, Request, Share, Subscriber
from dalle.engine.result_cache import Key
from dalle.engine.status import QueueStatus
from dalle.engine.throughput import Throughput
from dalle.errors import DalleError
from dalle.generation.batch import SLOTS

MOST_PIXELS = 64_000_000  # of pictures that wait to be gone on with
PARTS = 4  # of them; a visitor may have one


class Scheduler:
    """The queue and the batch that is being drawn."""

    def __init__(
        self,
        queue_size: int,
        max_wait: float,
        throughput: Throughput,
        members: MemberLane | None = None,
    ) -> None:
        self._throughput = throughput
        self.size = SLOTS  # of a batch
        self.closed = False  # no more are taken
        self.failure: DalleError | None = None  # why none can be
        self._queue_size, self._max_wait = queue_size, max_wait
        self._members = members
        self._queue = FairQueue(members.share if members else 0)
        self._running: list[Request] = []
        self.subscribers = 0  # visitors who wait for a frame
        self._known: dict[Key, OrderRequest] = {}  # recipes in queue and batch
        self.changed = threading.Condition()

    def __len__(self) -> int:
        """The number of requests in the queue."""
        return len(self._queue)

    @contextmanager
    def subscribed(self, request: Request, subscriber: Subscriber) -> Iterator[None]:
        """While a subscriber waits; with the last one the request goes too."""
        with self.changed:
            self.subscribers += 1
        try:
            yield
        finally:
            request.leave(subscriber)
            with self.changed:
                self.subscribers -= 1
                if request.abandoned:
                    self._remove(request)
                self.changed.notify_all()

    def join(self, key: Key | None, subscriber: Subscriber) -> Request | None:
        """The request of the same recipe, which the subscriber shares from now on."""
        with self.changed:
            request = self._known.get(key) if key else None
            return request if request and request.join(subscriber) else None

    def admit(self, request: Request) -> None:
        """Puts a request in the queue; BusyError where it would wait too long."""
        with self.changed:
            if self.failure:
                raise self.failure
            self._queue.add(request)
            refusal = self._refusal(request)
            if refusal:
                self._queue.remove(request)
                raise refusal
            if isinstance(request, OrderRequest) and request.key:
                self._known[request.key] = request
            self.changed.notify_all()

    def _refusal(self, request: Request) -> BusyError | None:
        if self.closed:
            return refuse(self._throughput, stopping=True)
        # Members and all others have places of their own, so that neither fill the others'.
        size, allowed = self._queue_size, self._max_wait
        if self._members and request.member:
            size, allowed = self._members.queue_size, self._members.max_wait
        alike = [other for other in self._queue if other.member == request.member]
        if len(alike) > size + 1:
            return refuse(self._throughput, waiting=len(alike) - 1)
        if request.pixels and self._holds_too_much(request, alike):
            return refuse(self._throughput, pictures=True)
        seconds = self._estimate(request)
        if seconds is not None and seconds > allowed:
            return refuse(self._throughput, seconds=seconds, allowed=allowed)
        return None

    def _holds_too_much(self, request: Request, alike: list[Request]) -> bool:
        """Whether there are too many pictures with its own, of all or of its visitor."""
        own = [other.pixels for other in alike if other.visitor == request.visitor]
        everybody = sum(other.pixels for other in alike)
        # One alone is never too much.
        return everybody > MOST_PIXELS or (len(own) > 1 and sum(own) > MOST_PIXELS // PARTS)

    def _estimate(self, request: Request) -> float | None:
        """Seconds until the first batch of a request in the queue begins."""
        slots = sum(other.slots for other in self._queue.before(request))
        return self._throughput.wait(slots // self.size, busy=bool(self._running))

    def place(self, request: Request, loading: bool) -> QueueStatus:
        """A request's place in the queue, for its visitor."""
        with self.changed:
            if request not in self._queue or request in self._running:
                return QueueStatus(0, self._throughput.wait(0, busy=True), loading)
            ahead = len(self._queue.before(request)) + 1
            return QueueStatus(ahead, self._estimate(request), loading)

    def take(
        self, ready: Callable[[], bool], model_of: Callable[[Request], Hashable]
    ) -> list[Share]:
        """Waits until somebody waits and `ready`, and fills a batch with those whose turn it is.

        One model draws a batch: it ends before a request whose `model_of` is another one.
        """
        with self.changed:
            self.changed.wait_for(lambda: self._queue and ready())
            room, shares = self.size, {}

            def fits(request: Request) -> bool:
                return all(model_of(request) == model_of(other) for other in shares)

            while room and (taken := self._queue.take(room, fits)):
                request, slots = taken
                shares[request] = shares.get(request, 0) + slots
                room -= slots
            self._running = list(shares)
            return list(shares.items())

    def put_back(self) -> None:
        """After a batch: unfinished requests come again, before the others."""
        with self.changed:
            for request in reversed(self._running):
                if request.over or request.abandoned:
                    self._remove(request)
                    continue
                request.slots = request.pending
                if request not in self._queue:
                    self._queue.add_first(request)
            self._running = []
            self.changed.notify_all()

    def end_all(self, last: Exception) -> None:
        """Tells everyone that nothing more comes."""
        with self.changed:
            for request in [*self._queue.clear(), *self._running]:
                request.end(last)
            self._known.clear()

    def end_batch(self, last: Exception) -> None:
        """Tells those whose batch it was."""
        with self.changed:
            for request in self._running:
                request.end(last)

    def close(self, seconds: float) -> bool:
        """Takes no more; whether within the seconds all have got what they came for."""
        with self.changed:
            self.closed = True
            return self.changed.wait_for(lambda: not self.subscribers, seconds)

    def _remove(self, request: Request) -> None:
        self._queue.remove(request)
        key = getattr(request, "key", None)
        if key and self._known.get(key) is request:
            del self._known[key]
        self.changed.notify_all()
