"""The models that were asked for, fetched while the embedded one serves.

The first one takes its place; the others may be chosen once they are there. The page
and /status tell each failure, and the embedded model goes on.
"""

import errno
import io
import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from tqdm.std import tqdm

from dalle.engine.engine import LocalEngine
from dalle.engine.model_pool import ModelInfo
from dalle.engine.status import ModelProgress
from dalle.errors import DalleError
from dalle.generation.pipeline import Pipeline
from dalle.models.hub.registry import PARTS, resolve
from dalle.settings import DEFAULT_MODEL

log = logging.getLogger(__name__)

# Seconds until it is tried again: the Hub may have been out of reach for a moment.
PAUSES = (60, 300, 900)


def bring(
    engine: LocalEngine,
    name: str | None,
    load: Callable[[str], Pipeline],
    others: Sequence[str] = (),
) -> threading.Thread:
    """Starts to fetch a model, which the engine draws with once it has made a picture.

    `load` makes it of its files, which are on this machine by then. After it the `others` are
    fetched, which may then be chosen; without a name these alone.
    """

    def work() -> None:
        todo = [(other, _offer) for other in others]
        if name:
            todo.insert(0, (name, partial(_take_over, load=load)))
        # Where one cannot be had, its failure stays to be read.
        all(_insist(engine, name, use) for name, use in todo)

    if name:
        engine.model_progress = ModelProgress(name, "downloading")
    thread = threading.Thread(target=work, name="models", daemon=True)
    thread.start()
    return thread


def _insist(engine: LocalEngine, name: str, use: Callable[[LocalEngine, str], None]) -> bool:
    """Fetches a model and uses it, trying again after a while; whether that was done."""
    for pause in (*PAUSES, None):
        try:
            _fetch(engine, name)
            use(engine, name)
            return True
        except Exception as error:
            log.exception("the model %s could not be brought", name)
            engine.model_progress = ModelProgress(
                name, "failed", failure=explain(engine, name, error)
            )
        if pause is not None:
            time.sleep(pause)
    return False


def _take_over(engine: LocalEngine, name: str, load: Callable[[str], Pipeline]) -> None:
    # After the embedded one, which would otherwise take its place again.
    engine.wait_until_settled()
    engine.model_progress = ModelProgress(name, "loading")
    before = engine.active_model
    engine.switch(load(name))
    if before and before.name in engine.model_pool.names:
        engine.model_pool.keep(before)
    engine.model_progress = ModelProgress(name, "serving")


def _offer(engine: LocalEngine, name: str) -> None:
    engine.model_pool.add(ModelInfo.read(name))
    engine.model_progress = ModelProgress(name, "installed")


def _fetch(engine: LocalEngine, name: str) -> None:
    """Downloads the parts that are not on this machine, and tells how far it is."""
    for number, part in enumerate(PARTS, 1):
        fetching = partial(ModelProgress, name, "downloading", number, len(PARTS))
        engine.model_progress = fetching()

        def report(done: int, total: int, fetching=fetching) -> None:
            engine.model_progress = fetching(done, total)

        resolve(name, part, progress=make_meter(report))


def explain(engine: LocalEngine, name: str, error: Exception) -> str:
    """A sentence about a model that does not serve, and the model in its place."""
    reason = str(error) if isinstance(error, DalleError) else f"{type(error).__name__}: {error}"
    if _is_disk_full(error):
        reason = "The disk is full; make room, or take a smaller model."
    active = engine.active_model.name if engine.active_model else DEFAULT_MODEL
    instead = "no model draws" if engine.failure else f"{active} draws instead"
    return f"{name} could not be loaded, and {instead}. {reason}"


def _is_disk_full(error: BaseException | None) -> bool:
    while error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            return True
        error = error.__cause__ or error.__context__
    return False


def make_meter(report: Callable[[int, int], None]) -> type[tqdm]:
    """A tqdm class that prints nothing, and reports the bytes that are there, and their total.

    The Hub's library keeps two bars of bytes for a download, one of received and one of
    written bytes, and not always both move; a part is several downloads. So bars that were made
    with the same words are added up, and the words with the most bytes count.
    """
    bars: dict[str, list[tqdm]] = {}
    told = [(0, 0)]

    class Meter(tqdm):
        def __init__(self, *arguments, **options) -> None:
            self._bytes = options.get("unit") == "B"
            super().__init__(*arguments, **{**options, "file": io.StringIO(), "disable": False})
            if self._bytes:
                bars.setdefault(options.get("desc") or "", []).append(self)

        def display(self, *arguments, **options) -> bool:
            return True  # nothing to print

        def update(self, n: float | None = 1) -> bool | None:
            displayed = super().update(n)
            self._report()
            return displayed

        def refresh(self, *arguments, **options) -> bool | None:
            """The library calls it when a file begins, whose bytes come later."""
            displayed = super().refresh(*arguments, **options)
            self._report()
            return displayed

        def _report(self) -> None:
            counted = _most(bars, "n"), _most(bars, "total")
            if self._bytes and counted != told[-1]:
                told[:] = [counted]
                report(*counted)

    return Meter


def _most(bars: dict[str, list[tqdm]], count: str) -> int:
    sums = (sum(int(getattr(bar, count) or 0) for bar in same) for same in bars.values())
    return max(sums, default=0)
