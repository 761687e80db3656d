"""Whose turn it is: every visitor has a line of their own, and the lines take turns.

A turn is one ticket, or as many slots of a long one as a batch has. So who asks for much waits
for their own requests, and hardly delays anybody else's.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Protocol

from dalle.generation.batch import SLOTS

TURN = SLOTS


class Queued(Protocol):
    """What can stand in a line."""

    visitor: str
    slots: int  # of a batch, that it still has to be given


class FairQueue:
    """Tickets in the order in which they are drawn; whoever shares it between threads locks it."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[Queued]] = OrderedDict()  # whose turn it is comes first
        self._given = 0  # slots in this turn

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __contains__(self, ticket: Queued) -> bool:
        return ticket in self._lines.get(ticket.visitor, ())

    def add(self, ticket: Queued) -> None:
        """At the end of its visitor's line."""
        self._lines.setdefault(ticket.visitor, deque()).append(ticket)

    def add_first(self, ticket: Queued) -> None:
        """Before everyone else: it had its turn, and was not drawn."""
        self._lines.setdefault(ticket.visitor, deque()).appendleft(ticket)
        self._lines.move_to_end(ticket.visitor, last=False)
        self._given = 0

    def remove(self, ticket: Queued) -> None:
        """Takes a ticket out, if it is there."""
        if ticket not in self:
            return
        line = self._lines[ticket.visitor]
        if line[0] is ticket and next(iter(self._lines)) == ticket.visitor:
            self._given = 0
        line.remove(ticket)
        if not line:
            del self._lines[ticket.visitor]

    def take(
        self, room: int, fits: Callable[[Queued], bool] = lambda ticket: True
    ) -> tuple[Queued, int] | None:
        """The next ticket, and how many of its slots are to be drawn.

        None where nobody waits, or where the next one does not fit with those before.
        """
        if not self._lines:
            return None
        visitor, line = next(iter(self._lines.items()))
        ticket = line[0]
        if not fits(ticket):
            return None
        count = min(ticket.slots, room, TURN - self._given)
        ticket.slots -= count
        self._given += count
        if ticket.slots == 0:
            line.popleft()
        if ticket.slots == 0 or self._given == TURN:
            self._given = 0
            self._lines.move_to_end(visitor)
        if not line:
            del self._lines[visitor]
        return ticket, count

    def before(self, ticket: Queued) -> list[Queued]:
        """The tickets whose turn comes first, with all of their slots."""
        place = self._lines[ticket.visitor].index(ticket)
        earlier, passed = [], False
        for visitor, line in self._lines.items():
            if visitor == ticket.visitor:
                earlier += list(line)[:place]
                passed = True
            else:  # those behind have had one turn less by then
                earlier += list(line)[: place if passed else place + 1]
        return earlier

    def clear(self) -> list[Queued]:
        """Empties all lines; returns who stood there."""
        tickets = [ticket for line in self._lines.values() for ticket in line]
        self._lines.clear()
        self._given = 0
        return tickets
