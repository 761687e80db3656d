"""One batch after another for the engine: the slots of several requests, drawn side by side.

A fault of one request ends that request alone. When memory runs out, batches become half as large,
and stay so.
"""

import logging
import time
from collections.abc import Callable, Sequence

from dalle.engine.messages import is_out_of_memory, tell
from dalle.engine.metrics import Metrics
from dalle.engine.requests import AlterRequest, GenerateRequest, RankRequest, Request, Share
from dalle.errors import describe_fault
from dalle.generation.batch import SLOTS
from dalle.generation.pipeline import Pipeline

log = logging.getLogger(__name__)


class Worker:
    """Runs batches of `size` slots."""

    def __init__(self, metrics: Metrics, waiting: Callable[[], int]) -> None:
        """`waiting()` is the number of requests in the queue."""
        self.size = SLOTS
        self._metrics = metrics
        self._waiting = waiting

    def run_batch(self, pipeline: Pipeline, shares: Sequence[Share]) -> None:
        """Generates the slots and answers the requests; the scheduler keeps unfinished ones."""
        for request, count in shares:
            if isinstance(request, RankRequest | AlterRequest):
                self._answer(pipeline, request, count)
        shares = [
            share
            for share in shares
            if isinstance(share[0], GenerateRequest) and self._begin(pipeline, share[0])
        ]
        if not shares:
            return
        started = time.monotonic()
        try:
            self._generate(pipeline, shares)
        except Exception as error:
            self._recover(pipeline, shares, error)
        self._metrics.batch(sum(count for _, count in shares), time.monotonic() - started)

    def _answer(self, pipeline: Pipeline, request: RankRequest | AlterRequest, slots: int) -> None:
        try:
            answer = request.answer(pipeline, slots)
            if answer is not None:
                request.end(answer)
        except Exception as error:
            self._fail(request, error)

    def _begin(self, pipeline: Pipeline, request: GenerateRequest) -> bool:
        try:
            request.begin(pipeline)
        except Exception as error:
            self._fail(request, error)
        return not request.over

    def _generate(self, pipeline: Pipeline, shares: Sequence[Share]) -> None:
        slots = [slot for request, count in shares for slot in request.run.pending[:count]]
        for slot in slots:
            slot.codes = None  # of an attempt before
        requests = [request for request, _ in shares]
        # None where somebody joined a request that was drawn, and left by everybody, a moment ago.
        chunks = pipeline.generate_batch(slots, self.size) if slots else ()
        for chunk, _ in enumerate(chunks):
            for request in requests:
                if request.run.failure:
                    self._fail(request, request.run.failure)
            watched = [
                request
                for request in requests
                if request.previews and request.run.may_preview and not request.over
            ]
            # While others wait, later previews would only make them wait longer.
            if watched and (chunk == 0 or not self._waiting()):
                self._preview(pipeline, watched)
            if all(request.over or request.abandoned for request in requests):
                return
        for request in requests:
            if not (request.over or request.abandoned or request.run.pending):
                self._finish(pipeline, request)

    def _preview(self, pipeline: Pipeline, requests: Sequence[GenerateRequest]) -> None:
        try:
            previews = pipeline.previews([request.run for request in requests])
        except Exception as error:
            if len(requests) == 1:
                self._fail(requests[0], error)
                return
            for request in requests:  # whose fault it is shows when each is alone
                self._preview(pipeline, [request])
            return
        for request, preview in zip(requests, previews, strict=True):
            request.send(preview)

    def _finish(self, pipeline: Pipeline, request: GenerateRequest) -> None:
        try:
            request.result = pipeline.finish(request.run)
        except Exception as error:
            self._fail(request, error)
            return
        request.end(request.result)
        count = len(request.run.settings.candidate_numbers)
        self._metrics.generated(count, request.result.seconds)

    def _recover(self, pipeline: Pipeline, shares: Sequence[Share], error: Exception) -> None:
        """After a batch that failed as a whole, runs each request alone."""
        if is_out_of_memory(error) and self.size > 1:
            self.size //= 2
            log.warning("memory ran out; from now on a batch has %d slots", self.size)
            return  # all of them come again
        for share in shares:
            try:
                if len(shares) == 1:
                    raise error
                self._generate(pipeline, [share])
            except Exception as own:
                self._fail(share[0], own)

    def _fail(self, request: Request, error: Exception) -> None:
        told = tell(error)
        if told is not error:
            log.error("a request failed: %s", describe_fault(error))
        request.end(told)
