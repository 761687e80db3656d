"""One machine of several: an engine whose frames travel to the process with the page.

Nothing here imports Ray. An exception of ours travels as the last frame, so that whatever is
raised on the way means the machine or the network, and not the drawing.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from dalle.models.registry import locate
from dalle.server_settings import ServerSettings
from dalle.serving.engine import Engine
from dalle.serving.faults import tell
from dalle.serving.installed import Offer
from dalle.serving.starting import make_engine, prepare_process
from dalle.serving.states import Serving
from dalle.serving.tickets import END


@dataclass(frozen=True)
class Abilities:
    """What a replica draws with."""

    serving: Serving  # without its pipeline, which stays where it is
    offers: tuple[Offer, ...]
    precisions: tuple[str, ...]


class Replica:
    """Makes an engine and waits until it draws; raises where it cannot."""

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._engine = make()
        self._engine.start()
        self._engine.wait_until_settled()
        if self._engine.failure:
            raise RuntimeError(self._engine.failure)

    async def draw(self, prompt: str, **request: Any) -> AsyncIterator[Any]:
        """The frames of Engine.draw, or a DalleError as the last one."""
        async for frame in relay(partial(self._engine.draw, prompt, **request)):
            yield frame

    async def rank(self, images: list, prompt: str, **request: Any) -> AsyncIterator[Any]:
        """The frames of Engine.rank, or a DalleError as the last one."""
        async for frame in relay(partial(self._engine.rank, images, prompt, **request)):
            yield frame

    def describe(self) -> Abilities:
        serving, installed = self._engine.serving, self._engine.installed
        return Abilities(
            replace(serving, pipeline=None),
            tuple(installed.offer(serving, name) for name in installed.models(serving)),
            tuple(installed.precisions(serving)),
        )


def engine_of_variables() -> Engine:
    """The engine of a replica; the models that may be chosen are downloaded before it draws."""
    settings = ServerSettings.from_environment(os.environ)
    prepare_process()
    engine = make_engine(settings, settings.model)
    for name in settings.offered_models:
        if name != settings.model:
            locate(name)
            engine.installed.add(Offer.read(name))
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
