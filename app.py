"""Serves the page on 0.0.0.0:$PORT; every other knob is a NINEFOLD_* variable."""

import logging
import os
import sys

from dalle.models.heaps import use_large_pages

if __name__ == "__main__":
    use_large_pages()  # from the start again, so before all that takes its time to import

from dalle.errors import DalleError
from dalle.generation.loading import read_defaults
from dalle.models.registry import locate
from dalle.server_settings import ServerSettings
from dalle.serving.installed import Offer
from dalle.serving.models import bring
from dalle.serving.ray_serve import connect
from dalle.serving.safety import safety_of
from dalle.serving.site import Site
from dalle.serving.starting import make_engine, make_loader, prepare_process
from dalle.settings import DEFAULT_MODEL


def main() -> None:
    # Warnings only: prompts and visitors are nobody's business.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    prepare_process()
    settings = ServerSettings.from_environment(os.environ)

    address = os.environ.get("RAY_ADDRESS", "").strip()
    engine = connect(address, settings) if address else make_engine(settings, DEFAULT_MODEL)
    files = locate(DEFAULT_MODEL, weights=False)
    defaults = read_defaults(files.bart)
    offered = settings.offered_models
    if DEFAULT_MODEL in offered:
        engine.installed.add(Offer(DEFAULT_MODEL, files.revision, defaults))
    safety = safety_of(settings)
    # All settings are known to be sound; it loads and compiles while gradio is imported and the
    # page built. The embedded model serves until another one, if asked for, has made a picture.
    engine.start()
    from dalle.serving.door import stop_on_signal
    from dalle.serving.website import open_website

    site = Site.of_embedded_model(settings, engine, files, **safety)
    page = open_website(site, settings, defaults, server_name="0.0.0.0", server_port=settings.port)
    first = settings.model if settings.model != DEFAULT_MODEL else None
    others = [name for name in offered if name not in (first, DEFAULT_MODEL)]
    # The machines of a cluster fetch their models themselves.
    if (first or others) and not address:
        bring(engine, first, make_loader(settings), others)
    stop_on_signal(engine, page)


if __name__ == "__main__":
    try:
        main()
    except DalleError as error:
        sys.exit(f"Error: {error}")
