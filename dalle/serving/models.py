"""The models that were asked for, fetched while the embedded one serves.

The first one takes its place; the others may be chosen once they are there. Whatever goes wrong
is told on the page and by /status, and the embedded model goes on.
"""

import errno
import io
import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from tqdm.std import tqdm

from dalle.errors import DalleError
from dalle.generation.pipeline import Pipeline
from dalle.models.registry import PARTS, resolve
from dalle.serving.engine import Coming, Engine
from dalle.serving.installed import Offer
from dalle.settings import DEFAULT_MODEL

log = logging.getLogger(__name__)

# Seconds until it is tried again: the Hub may have been out of reach for a moment.
PAUSES = (60, 300, 900)


def bring(
    engine: Engine, name: str | None, load: Callable[[str], Pipeline], others: Sequence[str] = ()
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
        engine.coming = Coming(name, "downloading")
    thread = threading.Thread(target=work, name="models", daemon=True)
    thread.start()
    return thread


def _insist(engine: Engine, name: str, use: Callable[[Engine, str], None]) -> bool:
    """Fetches a model and uses it, trying again after a while; whether that was done."""
    for pause in (*PAUSES, None):
        try:
            _fetch(engine, name)
            use(engine, name)
            return True
        except Exception as error:
            log.exception("the model %s could not be brought", name)
            engine.coming = Coming(name, "failed", failure=explain(engine, name, error))
        if pause is not None:
            time.sleep(pause)
    return False


def _take_over(engine: Engine, name: str, load: Callable[[str], Pipeline]) -> None:
    # After the embedded one, which would otherwise take its place again.
    engine.wait_until_settled()
    engine.coming = Coming(name, "loading")
    before = engine.serving
    engine.switch(load(name))
    if before and before.name in engine.installed.models(None):
        engine.installed.keep(before)
    engine.coming = Coming(name, "serving")


def _offer(engine: Engine, name: str) -> None:
    engine.installed.add(Offer.read(name))
    engine.coming = Coming(name, "installed")


def _fetch(engine: Engine, name: str) -> None:
    """Downloads the parts that are not on this machine, and tells how far it is."""
    for number, part in enumerate(PARTS, 1):
        fetching = partial(Coming, name, "downloading", number, len(PARTS))
        engine.coming = fetching()

        def report(done: int, total: int, fetching=fetching) -> None:
            engine.coming = fetching(done, total)

        resolve(name, part, progress=make_meter(report))


def explain(engine: Engine, name: str, error: Exception) -> str:
    """A sentence about why the model does not serve, and what does."""
    reason = str(error) if isinstance(error, DalleError) else f"{type(error).__name__}: {error}"
    if _is_disk_full(error):
        reason = "The disk is full; make room, or take a smaller model."
    drawing = engine.serving.name if engine.serving else DEFAULT_MODEL
    instead = "no model draws" if engine.failure else f"{drawing} draws instead"
    return f"{name} could not be loaded, and {instead}. {reason}"


def _is_disk_full(error: BaseException | None) -> bool:
    while error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            return True
        error = error.__cause__ or error.__context__
    return False


def make_meter(report: Callable[[int, int], None]) -> type[tqdm]:
    """A tqdm class that prints nothing, and reports the bytes that are there, and of how many.

    The Hub's library keeps two bars of bytes for a download, of what came and of what was
    written, and not always both move; a part is several downloads. So bars that were made with
    the same words are added up, and the words with the most bytes count.
    """
    bars: dict[str, list[tqdm]] = {}

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
            if self._bytes:
                report(_most(bars, "n"), _most(bars, "total"))
            return displayed

    return Meter


def _most(bars: dict[str, list[tqdm]], count: str) -> int:
    return max(sum(int(getattr(bar, count) or 0) for bar in same) for same in bars.values())
