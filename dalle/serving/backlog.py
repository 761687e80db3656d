"""Who waits and who is being drawn, and how long it takes: the engine's books, safe for threads."""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from dalle.errors import DalleError
from dalle.generation.batch import SLOTS
from dalle.serving.admission import BusyError, Pace, refuse
from dalle.serving.cache import Key
from dalle.serving.fairness import FairQueue
from dalle.serving.states import Waiting
from dalle.serving.tickets import Drawing, Listener, Share, Ticket


class Backlog:
    """The queue and the batch that is being drawn."""

    def __init__(self, queue_size: int, max_wait: float) -> None:
        self.pace = Pace()
        self.size = SLOTS  # of a batch
        self.closed = False  # no more are taken
        self.failure: DalleError | None = None  # why none can be
        self._queue_size, self._max_wait = queue_size, max_wait
        self._queue = FairQueue()
        self._drawing: list[Ticket] = []
        self.listening_now = 0  # visitors who have not got their last frame
        self._known: dict[Key, Drawing] = {}  # recipes in queue and batch
        self.changed = threading.Condition()

    def __len__(self) -> int:
        """Tickets that nobody has begun to draw."""
        return len(self._queue)

    @contextmanager
    def listening(self, ticket: Ticket, listener: Listener) -> Iterator[None]:
        """While a listener waits; with the last one the ticket goes too."""
        with self.changed:
            self.listening_now += 1
        try:
            yield
        finally:
            ticket.leave(listener)
            with self.changed:
                self.listening_now -= 1
                if ticket.deserted:
                    self._remove(ticket)
                self.changed.notify_all()

    def join(self, key: Key | None, listener: Listener) -> Ticket | None:
        """The ticket of the same recipe, which the listener shares from now on."""
        with self.changed:
            ticket = self._known.get(key) if key else None
            return ticket if ticket and ticket.join(listener) else None

    def admit(self, ticket: Ticket) -> None:
        """Puts a ticket in the queue; BusyError where it would wait too long."""
        with self.changed:
            if self.failure:
                raise self.failure
            self._queue.add(ticket)
            refusal = self._refusal(ticket)
            if refusal:
                self._queue.remove(ticket)
                raise refusal
            if isinstance(ticket, Drawing) and ticket.key:
                self._known[ticket.key] = ticket
            self.changed.notify_all()

    def _refusal(self, ticket: Ticket) -> BusyError | None:
        if self.closed:
            return refuse(self.pace, stopping=True)
        if len(self._queue) > self._queue_size + 1:
            return refuse(self.pace, waiting=len(self._queue) - 1)
        seconds = self._estimate(ticket)
        if seconds is not None and seconds > self._max_wait:
            return refuse(self.pace, seconds=seconds, allowed=self._max_wait)
        return None

    def _estimate(self, ticket: Ticket) -> float | None:
        """Seconds until the first batch of a ticket in the queue begins."""
        slots = sum(other.slots for other in self._queue.before(ticket))
        return self.pace.wait(slots // self.size, busy=bool(self._drawing))

    def place(self, ticket: Ticket, loading: bool) -> Waiting:
        """What a ticket's visitor is told while there is nothing to see."""
        with self.changed:
            if ticket not in self._queue or ticket in self._drawing:
                return Waiting(0, self.pace.wait(0, busy=True), loading)
            ahead = len(self._queue.before(ticket)) + 1
            return Waiting(ahead, self._estimate(ticket), loading)

    def take(
        self, ready: Callable[[], bool], model_of: Callable[[Ticket], Hashable]
    ) -> list[Share]:
        """Waits until somebody waits and `ready`, and fills a batch with those whose turn it is.

        One model draws a batch: it ends before a ticket whose `model_of` is another one.
        """
        with self.changed:
            self.changed.wait_for(lambda: self._queue and ready())
            room, shares = self.size, {}

            def fits(ticket: Ticket) -> bool:
                return all(model_of(ticket) == model_of(other) for other in shares)

            while room and (taken := self._queue.take(room, fits)):
                ticket, slots = taken
                shares[ticket] = shares.get(ticket, 0) + slots
                room -= slots
            self._drawing = list(shares)
            return list(shares.items())

    def put_back(self) -> None:
        """After a batch: what is not drawn comes again, before the others."""
        with self.changed:
            for ticket in reversed(self._drawing):
                if ticket.over or ticket.deserted:
                    self._remove(ticket)
                    continue
                ticket.slots = ticket.undrawn
                if ticket not in self._queue:
                    self._queue.add_first(ticket)
            self._drawing = []
            self.changed.notify_all()

    def end_all(self, last: Exception) -> None:
        """Tells everyone that nothing more comes."""
        with self.changed:
            for ticket in [*self._queue.clear(), *self._drawing]:
                ticket.end(last)
            self._known.clear()

    def end_batch(self, last: Exception) -> None:
        """Tells those whose batch it was."""
        with self.changed:
            for ticket in self._drawing:
                ticket.end(last)

    def close(self, seconds: float) -> bool:
        """Takes no more; whether within the seconds all have got what they came for."""
        with self.changed:
            self.closed = True
            return self.changed.wait_for(lambda: not self.listening_now, seconds)

    def _remove(self, ticket: Ticket) -> None:
        self._queue.remove(ticket)
        key = getattr(ticket, "key", None)
        if key and self._known.get(key) is ticket:
            del self._known[key]
        self.changed.notify_all()
