"""The page of a site, served: gradio comes in here, and takes its time to."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from dalle.server_settings import ServerSettings
from dalle.serving.api import add_api
from dalle.serving.connections import limit_connections
from dalle.serving.door import door
from dalle.serving.drawing import Desk
from dalle.serving.look import launch_options
from dalle.serving.page import build_page
from dalle.serving.site import Site


def open_website(
    site: Site, settings: ServerSettings, defaults: Mapping[str, Any], **options: Any
) -> gr.Blocks:
    """Builds the page and the API, and serves them from when this returns.

    defaults are those of the site's first model, options more arguments of gradio's `launch`.
    """
    engine = site.engine
    page = build_page(Desk(engine, defaults), site, lambda: add_api(engine, defaults))
    # The queue is the engine's; gradio's own only carries the messages.
    page.queue(max_size=settings.queue_size + 2, default_concurrency_limit=None)
    limit_connections(settings.trusted_hops)
    page.launch(
        **launch_options(site.settings),
        ssr_mode=False,
        enable_monitoring=False,
        max_threads=settings.queue_size + 20,  # each visitor who waits holds one
        # Every call of a program is a session to gradio, which keeps 85 KB of each, and of 10,000
        # if it is not told how many. One that waits and is forgotten is made anew at each frame.
        state_session_capacity=settings.queue_size + 20,
        show_error=True,
        mcp_server=True,
        app_kwargs=door(engine, settings),
        prevent_thread_lock=True,
        # Without it launch looks at the page itself, and ends where that takes three seconds, as
        # it does on a busy machine.
        _frontend=False,
        **options,
    )
    return page
