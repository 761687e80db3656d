"""From the environment's variables to a served page; `python app.py` runs it."""

import logging
import os
from collections.abc import Mapping

from dalle.engine.engine import LocalEngine
from dalle.engine.model_loader import bring
from dalle.engine.model_pool import ModelInfo
from dalle.generation.loading import read_defaults
from dalle.models.hub.registry import locate
from dalle.runtime.accelerator import idle_notice
from dalle.runtime.devices import check_devices
from dalle.runtime.output import print_any_letter
from dalle.serving.cluster.ray_serve import connect
from dalle.serving.page.facts.safety_facts import safety_of
from dalle.serving.page.site import Site
from dalle.serving.preflight import FOLDER_VARIABLE, check_port, check_sign_in, make_folder
from dalle.serving.settings import ServerSettings
from dalle.serving.space_package import ask_for_gpu, import_reloader
from dalle.serving.startup import (
    freeze_heap,
    import_plots,
    make_engine,
    make_loader,
    prepare_process,
)
from dalle.settings import DEFAULT_MODEL


def serve(environment: Mapping[str, str]) -> None:
    """Serves until a signal ends the process; DalleError for settings that cannot be."""
    # Warnings only: prompts and addresses are private.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    print_any_letter()
    settings = ServerSettings.from_environment(environment)
    check_port(settings.port)
    if settings.members:
        check_sign_in(environment)
    # gradio reads the variable when it is imported.
    os.environ[FOLDER_VARIABLE] = str(make_folder(settings.port, environment))
    prepare_process()
    cluster = environment.get("RAY_ADDRESS", "").strip()
    if not cluster:
        check_devices()
    engine = connect(cluster, settings) if cluster else make_engine(settings, DEFAULT_MODEL)
    files = locate(DEFAULT_MODEL, weights=False)
    defaults = read_defaults(files.bart)
    if DEFAULT_MODEL in settings.offered_models:
        engine.model_pool.add(ModelInfo(DEFAULT_MODEL, files.revision, defaults))
    safety = safety_of(settings, on_space=bool(environment.get("SPACE_ID")))
    if not cluster and (notice := idle_notice()):
        safety["warnings"] += (notice,)

    import_reloader(environment)
    ask_for_gpu(environment)
    # The settings are sound, so the model loads and compiles while gradio is imported and the page
    # built. The embedded model serves until another one, if asked for, has made a picture.
    engine.start()
    import_plots()
    from dalle.serving.server import open_website, stop_on_signal

    site = Site.of_embedded_model(settings, engine, files, **safety)
    address = {"server_name": "0.0.0.0", "server_port": settings.port}
    try:
        page = open_website(site, settings, defaults, **address)
    except OSError:
        if not cluster:
            engine.wait_until_settled()  # a process that ends while it compiles is aborted
        check_port(settings.port)  # another program may have taken it since
        raise
    freeze_heap()
    # The machines of a cluster fetch their models themselves.
    if not cluster:
        bring_others(engine, settings)
    stop_on_signal(engine, page)


def bring_others(engine: LocalEngine, settings: ServerSettings) -> None:
    """Fetches the models beside the embedded one; NINEFOLD_MODEL takes its place."""
    first = settings.model if settings.model != DEFAULT_MODEL else None
    others = [name for name in settings.offered_models if name not in (first, DEFAULT_MODEL)]
    if first or others:
        bring(engine, first, make_loader(settings), others)
