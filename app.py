"""Serves the page on 0.0.0.0:$PORT; every other knob is a NINEFOLD_* variable."""

import logging
import os
import sys

import gradio as gr

from dalle.errors import DalleError
from dalle.generation.loading import load, read_defaults
from dalle.models.registry import locate
from dalle.serving.engine import Engine
from dalle.serving.page import STYLE, build_page
from dalle.settings import ServerSettings


def main() -> None:
    # Warnings only: prompts and visitors are nobody's business.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    settings = ServerSettings.from_environment(os.environ)
    engine = Engine(
        lambda: load(settings.model, settings.precision, settings.prompt_policy),
        settings.queue_size,
    )
    engine.start()
    defaults = read_defaults(locate(settings.model, weights=False).bart)
    page = build_page(engine, settings.name, defaults)
    # The queue is the engine's; gradio's own only carries the messages.
    page.queue(max_size=settings.queue_size + 2, default_concurrency_limit=None)
    page.launch(
        server_name="0.0.0.0",
        server_port=settings.port,
        theme=gr.themes.Soft(),
        css=STYLE,
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
