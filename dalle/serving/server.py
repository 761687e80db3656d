"""The page of a site, served: gradio comes in here, and takes its time to."""

import logging
import os
import queue
import signal
import time
from collections.abc import Collection, Mapping
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from dalle.engine.protocol import Engine
from dalle.safety.prompts.filter import PromptFilter
from dalle.serving.api.altering import add_alterations
from dalle.serving.api.endpoints import EXCEPTION_HANDLERS, add_api
from dalle.serving.api.health import make_probes
from dalle.serving.api.openai_images import make_routes
from dalle.serving.api.uploads import upload
from dalle.serving.http.connections import limit_connections
from dalle.serving.http.first_files import FirstFiles
from dalle.serving.http.gradio_faults import tame_gradio
from dalle.serving.http.guard import Guard
from dalle.serving.http.origins import Origins
from dalle.serving.page.controller import PageController
from dalle.serving.page.facts.about_page import make_about_route
from dalle.serving.page.page import build_page
from dalle.serving.page.picture_route import make_picture_routes
from dalle.serving.page.sharing.card_route import make_card_routes
from dalle.serving.page.sharing.head import Head
from dalle.serving.page.site import Site
from dalle.serving.page.theme import launch_options
from dalle.serving.settings import ServerSettings


def open_website(
    site: Site, settings: ServerSettings, defaults: Mapping[str, Any], **options: Any
) -> gr.Blocks:
    """Builds the page and the API, and serves them from when this returns.

    defaults are those of the site's first model, options more arguments of gradio's `launch`.
    """
    engine = site.engine
    controller = PageController(engine, defaults)

    def add_endpoints() -> None:
        add_api(engine, defaults)
        add_alterations(engine, defaults)

    page = build_page(controller, site, add_endpoints)
    # The queue is the engine's; gradio's own only carries the messages.
    page.queue(max_size=settings.places + 2, default_concurrency_limit=None)
    tame_gradio()
    limit_connections(settings.trusted_hops)
    page.launch(
        **launch_options(site.settings),
        ssr_mode=False,
        enable_monitoring=False,
        max_threads=settings.places + 20,  # each waiting visitor holds one
        # Every call of a program is a session to gradio, which keeps 85 KB of each, and of 10,000
        # if it is not told how many. One that waits and is forgotten is made anew at each frame.
        state_session_capacity=settings.places + 20,
        show_error=True,
        mcp_server=True,
        app_kwargs=door(site, controller, settings, first_files(page)),
        prevent_thread_lock=True,
        # Without it launch looks at the page itself, and ends where that takes three seconds, as
        # it does on a busy machine.
        _frontend=False,
        **options,
    )
    return page


log = logging.getLogger(__name__)

DRAIN = 20.0  # seconds to finish what came before the signal
LAST_WORDS = 2.0  # seconds until the last frames are on their way to the browsers


def first_files(page: gr.Blocks) -> FirstFiles:
    """The files that the browser needs for this page."""
    return FirstFiles({block.get_block_name() for block in page.blocks.values()})


def door(
    site: Site, controller: PageController, settings: ServerSettings, files: FirstFiles
) -> dict[str, Any]:
    """The app_kwargs of launch()."""
    engine = site.engine
    # The guard lets through every route of this list.
    routes = [
        *make_probes(engine),
        *make_routes(engine, settings.openai_strict == "on"),
        *make_card_routes(engine, site.settings.name),
        make_about_route(site),
        *make_picture_routes(controller.results, site.examples, site.picks),
        *files.make_routes(),
        upload,
    ]
    judge = PromptFilter.load(settings.prompt_policy)
    paths, membership, handlers = sign_in(settings)
    guard = Middleware(
        Guard,
        rate=settings.rate_limit,
        trusted_hops=settings.trusted_hops,
        routes=routes,
        origins=Origins(settings.hosts, settings.origins),
        root_path=os.environ.get("GRADIO_ROOT_PATH", ""),
        sign_in=paths,
    )
    return {
        "routes": routes,
        # From the outside in: the head is written before the page is compressed.
        "middleware": [
            guard,
            *membership,
            Middleware(GZipMiddleware, minimum_size=1024, compresslevel=6),
            Middleware(Head, name=site.settings.name, check=judge.require, files=files),
        ],
        "exception_handlers": EXCEPTION_HANDLERS | handlers,
    }


def sign_in(settings: ServerSettings) -> tuple[Collection[str], list[Middleware], dict]:
    """Gradio's paths for signing in, who recognises members, and what is told of faults."""
    if not settings.members:
        return (), [], {}
    # It needs packages that are there in a Space alone.
    from dalle.serving.http import members

    middleware = Middleware(members.Membership, members=members.Members(settings.members))
    return members.PATHS, [middleware], members.EXCEPTION_HANDLERS


def wait_for_signal() -> None:
    """Returns once SIGTERM or Ctrl-C came, also where it came just before the wait began."""
    # A handler may run in the midst of any line: this queue is reentrant, an Event is not.
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: signals.put(number))
    while True:
        try:
            # Python runs handlers between its own steps, so a wait without end can miss one.
            signals.get(timeout=1)
            return
        except queue.Empty:
            continue


def stop_on_signal(engine: Engine, page: gr.Blocks) -> None:
    """Waits for SIGTERM or Ctrl-C, finishes accepted requests, and returns."""
    wait_for_signal()
    log.warning("stopping: no more requests are taken, those that came are finished")
    somebody = engine.subscribed
    if not engine.drain(DRAIN):
        log.warning(
            "some requests were not done in %.0f seconds; their visitors were told so", DRAIN
        )
    if somebody:
        time.sleep(LAST_WORDS)
    page.close(verbose=False)
