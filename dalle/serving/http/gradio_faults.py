"""Habits of gradio with strangers' input that are switched off here.

It fetches addresses in any field, writes typed text into the log and names of folders into answers.
It also has rules of its own about other websites. launch() has no parameter for any of it, so the
functions are replaced, once, before the server starts.
"""

import logging
import os
import sys
import traceback
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NoReturn

import gradio as gr
import mcp
from gradio import processing_utils, queueing, route_utils, routes, utils
from starlette.types import ASGIApp, Receive, Scope, Send

from dalle.errors import describe_fault
from dalle.serving.http.gradio_sessions import bound_sessions

log = logging.getLogger(__name__)

NOT_FETCHED = (
    "Nothing is fetched from other addresses; upload the picture, or send it as a data URI."
)
# Its warnings repeat the call, whatever its length.
OF_MCP = os.path.dirname(mcp.__file__) + os.sep


def tame_gradio() -> None:
    """Makes the replacements; to be called before launch()."""
    for name in ("async_ssrf_protected_get", "async_ssrf_protected_download"):
        setattr(processing_utils, name, refuse_async)
    for name in ("ssrf_protected_download", "save_url_to_cache", "unsafe_download"):
        setattr(processing_utils, name, refuse)
    for module in (queueing, routes, route_utils):
        module.traceback = SimpleNamespace(**vars(traceback) | {"print_exc": log_fault})
    utils.error_payload = queueing.error_payload = tell_fault
    routes.CustomCORSMiddleware = PassOn
    # Not a filter: loggers and handlers may come later.
    logging.setLogRecordFactory(without_words(logging.getLogRecordFactory()))
    bound_sessions()


def refuse(*arguments: Any, **options: Any) -> NoReturn:
    """Replaces gradio's function that fetches."""
    raise gr.Error(NOT_FETCHED, print_exception=False)


async def refuse_async(*arguments: Any, **options: Any) -> NoReturn:
    refuse()


def without_words(make: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
    """`make`, which takes an assistant's words out of what is logged of its call."""

    def make_record(*given: Any, **more: Any) -> logging.LogRecord:
        record = make(*given, **more)
        if record.pathname.startswith(OF_MCP):
            record.msg, record.args = "an assistant's call was not understood", ()
            record.exc_info = record.exc_text = record.stack_info = None
        return record

    return make_record


def log_fault() -> None:
    """In the place of traceback.print_exc: a message may repeat a visitor's text."""
    log.error("an event failed: %s", describe_fault(sys.exception()))


def tell_fault(error: BaseException | None, show_error: bool) -> dict[str, Any]:
    """The error text for a failed event; sentences of gr.Error are made for them."""
    if isinstance(error, gr.Error):
        told, shown = error.message, error.visible
        return {"error": told, "visible": shown, "duration": error.duration, "title": error.title}
    if error is None:
        return {"error": None}
    told = f"The call does not fit ({type(error).__name__}); /gradio_api/info lists all endpoints."
    return {"error": told, "visible": True}


class PassOn:
    """In the place of gradio's rules about other websites: the guard has ours."""

    def __init__(self, app: ASGIApp, **options: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
