"""One machine of several: an engine whose frames travel to the process with the page.

Nothing here imports Ray. An exception of ours travels as the last frame. So any exception
that is raised on the way comes from the machine or the network.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from dalle.engine.engine import LocalEngine
from dalle.engine.messages import tell
from dalle.engine.model_pool import ModelInfo
from dalle.engine.order import Order, RankOrder
from dalle.engine.requests import END
from dalle.engine.status import ActiveModel
from dalle.models.hub.registry import locate
from dalle.serving.settings import ServerSettings
from dalle.serving.startup import make_engine, prepare_process


@dataclass(frozen=True)
class Abilities:
    """The models of a replica."""

    active: ActiveModel  # without its pipeline, which stays where it is
    infos: tuple[ModelInfo, ...]


class Replica:
    """Makes an engine and waits until it draws; raises where it cannot."""

    def __init__(self, make: Callable[[], LocalEngine]) -> None:
        self._engine = make()
        self._engine.start()
        self._engine.wait_until_settled()
        if self._engine.failure:
            raise RuntimeError(self._engine.failure)

    async def generate(self, order: Order, **request: Any) -> AsyncIterator[Any]:
        """The frames of Engine.generate, or a DalleError as the last one."""
        async for frame in relay(partial(self._engine.generate, order, **request)):
            yield frame

    async def rank(self, order: RankOrder, **request: Any) -> AsyncIterator[Any]:
        """The frames of Engine.rank, or a DalleError as the last one."""
        async for frame in relay(partial(self._engine.rank, order, **request)):
            yield frame

    def describe(self) -> Abilities:
        active, pool = self._engine.active_model, self._engine.model_pool
        return Abilities(
            replace(active, pipeline=None),
            tuple(pool.info(name) for name in pool.names),
        )


def engine_of_variables() -> LocalEngine:
    """The engine of a replica; the models that may be chosen are downloaded before it draws."""
    settings = ServerSettings.from_environment(os.environ)
    prepare_process()
    engine = make_engine(settings, settings.model)
    for name in settings.offered_models:
        if name != settings.model:
            locate(name)
            engine.model_pool.add(ModelInfo.read(name))
    return engine


async def relay(begin: Callable[[], Iterator[Any]]) -> AsyncIterator[Any]:
    """The frames of an iterator that blocks; closed after its next frame where the caller left."""
    loop, frames, left = asyncio.get_running_loop(), asyncio.Queue(), threading.Event()

    def send(frame: Any) -> None:
        if not left.is_set():
            loop.call_soon_threadsafe(frames.put_nowait, frame)

    def work() -> None:
        try:
            with closing(begin()) as iterator:
                for frame in iterator:
                    send(frame)
                    if left.is_set():
                        break
        except Exception as error:
            send(tell(error))
        send(END)

    threading.Thread(target=work, name="relay", daemon=True).start()
    try:
        while (frame := await frames.get()) is not END:
            yield frame
    finally:
        left.set()
