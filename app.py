"""Serves the page on 0.0.0.0:$PORT; every other knob is a NINEFOLD_* variable."""

import logging
import os
import sys

from dalle.errors import DalleError
from dalle.generation.loading import load, read_defaults
from dalle.generation.machine import machine_kind
from dalle.models.registry import locate
from dalle.serving.about import read_card
from dalle.serving.drawing import Desk
from dalle.serving.engine import Engine
from dalle.serving.examples import read_examples
from dalle.serving.look import launch_options
from dalle.serving.page import Site, build_page
from dalle.serving.words import KnownWords
from dalle.settings import DEFAULT_MODEL, ServerSettings


def main() -> None:
    # Warnings only: prompts and visitors are nobody's business.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    settings = ServerSettings.from_environment(os.environ)
    engine = Engine(lambda: load(settings.model, settings.precision), settings.queue_size)
    engine.start()
    files = locate(settings.model, weights=False)
    site = Site(
        settings,
        here={
            "model": files.name,
            "revision": files.revision,
            "precision": settings.precision,
            "machine": machine_kind(),
        },
        words=KnownWords.beside(files.bart.parent),
        examples=read_examples() if settings.model == DEFAULT_MODEL else (),
        card=read_card(files.bart.parent),
    )
    page = build_page(Desk(engine, read_defaults(files.bart)), site)
    # The queue is the engine's; gradio's own only carries the messages.
    page.queue(max_size=settings.queue_size + 2, default_concurrency_limit=None)
    page.launch(
        server_name="0.0.0.0",
        server_port=settings.port,
        **launch_options(settings),
        ssr_mode=False,
        enable_monitoring=False,
        max_threads=settings.queue_size + 20,  # each visitor who waits holds one
        show_error=True,
    )


if __name__ == "__main__":
    try:
        main()
    except DalleError as error:
        sys.exit(f"Error: {error}")
