"""What launch() gets beside gradio's own: routes, the guard, and an end without lost requests."""

import logging
import signal
import threading
import time
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from dalle.server_settings import ServerSettings
from dalle.serving.api import EXCEPTION_HANDLERS
from dalle.serving.engine import Engine
from dalle.serving.guard import Guard
from dalle.serving.openai_images import make_routes
from dalle.serving.probes import make_probes

log = logging.getLogger(__name__)

DRAIN = 20.0  # seconds to finish what came before the signal
LAST_WORDS = 2.0  # seconds until the last frames are on their way to the browsers


def door(engine: Engine, settings: ServerSettings) -> dict[str, Any]:
    """The app_kwargs of launch()."""
    return {
        "routes": [*make_probes(engine), *make_routes(engine)],
        "middleware": [
            Middleware(Guard, rate=settings.rate_limit, trusted_hops=settings.trusted_hops)
        ],
        "exception_handlers": EXCEPTION_HANDLERS,
    }


def stop_on_signal(engine: Engine, page: gr.Blocks) -> None:
    """Waits for SIGTERM or Ctrl-C; then finishes what was accepted, and comes back."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    log.warning("stopping: no more requests are taken, those that came are finished")
    somebody = engine.listening
    if not engine.drain(DRAIN):
        log.warning("not all was drawn in %.0f seconds; whoever waits was told so", DRAIN)
    if somebody:
        time.sleep(LAST_WORDS)
    page.close(verbose=False)
