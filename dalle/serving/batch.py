"""One batch after another for the engine: the slots of several tickets, drawn side by side.

What goes wrong with one ticket ends that ticket alone. Where memory runs out batches become half
as large, and stay so.
"""

import logging
import time
from collections.abc import Callable, Sequence

from dalle.generation.batch import SLOTS
from dalle.generation.pipeline import Pipeline
from dalle.serving.faults import is_out_of_memory, tell
from dalle.serving.metrics import Metrics
from dalle.serving.tickets import Drawing, Ranking, Share, Ticket

log = logging.getLogger(__name__)


class Drawer:
    """Draws batches; `size` is how many slots one has."""

    def __init__(self, metrics: Metrics, waiting: Callable[[], int]) -> None:
        """`waiting` tells how many requests nobody has begun to draw."""
        self.size = SLOTS
        self._metrics = metrics
        self._waiting = waiting

    def draw(self, pipeline: Pipeline, shares: Sequence[Share]) -> None:
        """Draws the slots and tells the tickets; what is not drawn after it has to come again."""
        for ticket, _ in shares:
            if isinstance(ticket, Ranking):
                self._score(pipeline, ticket)
        shares = [
            share
            for share in shares
            if isinstance(share[0], Drawing) and self._begin(pipeline, share[0])
        ]
        if not shares:
            return
        started = time.monotonic()
        try:
            self._draw(pipeline, shares)
        except Exception as error:
            self._recover(pipeline, shares, error)
        self._metrics.batch(sum(count for _, count in shares), time.monotonic() - started)

    def _score(self, pipeline: Pipeline, ticket: Ranking) -> None:
        try:
            ticket.end(pipeline.score(ticket.images, ticket.prompt, ticket.log_likelihoods))
        except Exception as error:
            self._fail(ticket, error)

    def _begin(self, pipeline: Pipeline, ticket: Drawing) -> bool:
        try:
            ticket.begin(pipeline)
        except Exception as error:
            self._fail(ticket, error)
        return not ticket.over

    def _draw(self, pipeline: Pipeline, shares: Sequence[Share]) -> None:
        slots = [slot for ticket, count in shares for slot in ticket.run.undrawn[:count]]
        for slot in slots:
            slot.codes = None  # of an attempt before
        tickets = [ticket for ticket, _ in shares]
        # None where somebody joined a ticket that was drawn, and left by everybody, a moment ago.
        chunks = pipeline.draw_together(slots, self.size) if slots else ()
        for chunk, _ in enumerate(chunks):
            for ticket in tickets:
                if ticket.run.failure:
                    self._fail(ticket, ticket.run.failure)
            watched = [
                ticket
                for ticket in tickets
                if ticket.previews and ticket.run.may_preview and not ticket.over
            ]
            # Whoever waits would also wait for what the next preview replaces.
            if watched and (chunk == 0 or not self._waiting()):
                self._preview(pipeline, watched)
            if all(ticket.over or ticket.deserted for ticket in tickets):
                return
        for ticket in tickets:
            if not (ticket.over or ticket.deserted or ticket.run.undrawn):
                self._finish(pipeline, ticket)

    def _preview(self, pipeline: Pipeline, tickets: Sequence[Drawing]) -> None:
        try:
            previews = pipeline.previews([ticket.run for ticket in tickets])
        except Exception as error:
            if len(tickets) == 1:
                self._fail(tickets[0], error)
                return
            for ticket in tickets:  # whose fault it is shows when each is alone
                self._preview(pipeline, [ticket])
            return
        for ticket, preview in zip(tickets, previews, strict=True):
            ticket.send(preview)

    def _finish(self, pipeline: Pipeline, ticket: Drawing) -> None:
        try:
            ticket.result = pipeline.finish(ticket.run)
        except Exception as error:
            self._fail(ticket, error)
            return
        ticket.end(ticket.result)
        self._metrics.drawn(len(ticket.run.settings.drawn), ticket.result.seconds)

    def _recover(self, pipeline: Pipeline, shares: Sequence[Share], error: Exception) -> None:
        """After a batch that failed as a whole: nobody ends because of a mate."""
        if is_out_of_memory(error) and self.size > 1:
            self.size //= 2
            log.warning("memory ran out; from now on a batch has %d slots", self.size)
            return  # all of them come again
        for share in shares:
            try:
                if len(shares) == 1:
                    raise error
                self._draw(pipeline, [share])
            except Exception as own:
                self._fail(share[0], own)

    def _fail(self, ticket: Ticket, error: Exception) -> None:
        told = tell(error)
        if told is not error:
            log.error("a request failed", exc_info=error)
        ticket.end(told)
