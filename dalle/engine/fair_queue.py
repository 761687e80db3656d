"""Whose turn it is: every visitor has a line of their own, and the lines take turns.

A turn is one request, or as many slots of a long one as a batch has. So who asks for much waits
for their own requests, and hardly delays anybody else's.

Members also take a share of the turns before everybody else, as long as both wait. With a share s
nobody gets less than 1 - s of the turns that they would have among the same visitors without it:
between two turns of a line each other line has one by itself, and members have s of all beside.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Protocol, Self

from dalle.generation.batch import SLOTS

TURN = SLOTS
WHOLE = 100  # per cent


class Queued(Protocol):
    """An entry of the queue."""

    visitor: str
    member: bool  # as all requests in its line
    slots: int  # of a batch, that it still has to be given


class FairQueue:
    """Requests in the order of their turns; the caller locks it between threads."""

    def __init__(self, share: int = 0) -> None:
        """`share` is the members', in per cent of the turns."""
        self._share = share
        self._due = 0  # of a turn before everybody else, in per cent
        self._lines: OrderedDict[str, deque[Queued]] = OrderedDict()  # whose turn it is comes first
        self._members = 0  # lines of members
        self._given = 0  # slots in this turn
        self._order: list[Queued] | None = None  # of all requests, until something changes

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[Queued]:
        """All of them, line by line."""
        for line in self._lines.values():
            yield from line

    def __contains__(self, request: Queued) -> bool:
        return request in self._lines.get(request.visitor, ())

    def add(self, request: Queued) -> None:
        """At the end of its visitor's line."""
        self._line_of(request).append(request)
        self._order = None

    def add_first(self, request: Queued) -> None:
        """Before everyone else: it had its turn, and was not drawn."""
        self._line_of(request).appendleft(request)
        self._lines.move_to_end(request.visitor, last=False)
        self._given, self._order = 0, None

    def remove(self, request: Queued) -> None:
        """Takes a request out, if it is there."""
        if request not in self:
            return
        line = self._lines[request.visitor]
        if line[0] is request and next(iter(self._lines)) == request.visitor:
            self._given = 0
        line.remove(request)
        self._order = None
        if not line:
            self._drop(request)

    def take(
        self, room: int, fits: Callable[[Queued], bool] = lambda request: True
    ) -> tuple[Queued, int] | None:
        """The next request, and how many of its slots are to be drawn.

        None where the queue is empty, or where the next request does not fit with those before.
        """
        if not self._lines:
            return None
        visitor = self._next_visitor()
        request = self._lines[visitor][0]
        if not fits(request):
            return None
        if self._given == 0:
            self._begin_turn(visitor)
        self._order = None
        count = min(request.slots, room, TURN - self._given)
        request.slots -= count
        self._given += count
        if request.slots == 0:
            self._lines[visitor].popleft()
        if request.slots == 0 or self._given == TURN:
            self._end_turn(request)
        return request, count

    def before(self, request: Queued) -> list[Queued]:
        """The requests whose turn comes first, with all of their slots."""
        if self._order is None:  # everybody who waits asks for it, twice a second
            rehearsal = self._copy()
            self._order = [rehearsal._take_whole() for _ in range(len(self))]
        return self._order[: self._order.index(request)]

    def clear(self) -> list[Queued]:
        """Empties all lines; returns who stood there."""
        requests = [request for line in self._lines.values() for request in line]
        self._lines.clear()
        self._members = self._given = 0
        self._order = None
        return requests

    def _line_of(self, request: Queued) -> deque[Queued]:
        if request.visitor not in self._lines:
            self._lines[request.visitor] = deque()
            self._members += request.member
        return self._lines[request.visitor]

    def _drop(self, request: Queued) -> None:
        del self._lines[request.visitor]
        self._members -= request.member

    def _next_visitor(self) -> str:
        """Whose turn it is: of the first line, or of the first member where that is due."""
        first = next(iter(self._lines))
        if self._given or not self._members or self._due + self._share < WHOLE:
            return first
        return next(name for name, line in self._lines.items() if line[0].member)

    def _begin_turn(self, visitor: str) -> None:
        first = next(iter(self._lines))
        self._lines.move_to_end(visitor, last=False)
        if visitor != first:
            self._due += self._share - WHOLE
        elif 0 < self._members < len(self._lines):
            # One turn may be owed, and no more: else a rush of members would take several at once.
            self._due = min(self._due + self._share, WHOLE)

    def _end_turn(self, request: Queued) -> None:
        self._given = 0
        self._lines.move_to_end(request.visitor)
        if not self._lines[request.visitor]:
            self._drop(request)

    def _copy(self) -> Self:
        copy = type(self)(self._share)
        copy._due, copy._members = self._due, self._members
        copy._lines = OrderedDict((name, deque(line)) for name, line in self._lines.items())
        return copy

    def _take_whole(self) -> Queued:
        """The next request, as if each had one turn."""
        visitor = self._next_visitor()
        self._begin_turn(visitor)
        request = self._lines[visitor].popleft()
        self._end_turn(request)
        return request
