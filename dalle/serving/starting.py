"""A process that draws for others, and its engine, made as the server's settings choose."""

from collections.abc import Callable
from functools import partial

from dalle.generation.loading import load
from dalle.generation.pipeline import Pipeline
from dalle.models.compiled import keep_compiled
from dalle.models.heaps import keep_heaps_small
from dalle.safety.prompts import PromptFilter
from dalle.server_settings import ServerSettings
from dalle.serving.engine import Engine
from dalle.serving.installed import Installed
from dalle.serving.memory import give_memory_back


def prepare_process() -> None:
    """Keeps its memory small, and what it compiles; to be called before anything is compiled."""
    keep_heaps_small()
    give_memory_back()
    keep_compiled()


def make_loader(settings: ServerSettings) -> Callable[..., Pipeline]:
    """A function of a model's name, and of a precision where it is not the settings' own."""

    def load_model(name: str, precision: str | None = settings.precision) -> Pipeline:
        return load(name, precision, settings.prompt_policy)

    return load_model


def make_engine(settings: ServerSettings, model: str) -> Engine:
    """An engine that draws with this model once it is started."""
    load_model = make_loader(settings)
    return Engine(
        partial(load_model, model),
        settings.queue_size,
        Installed(load_model, settings.offered_precisions),
        PromptFilter.load(settings.prompt_policy),
        settings.max_wait,
        settings.result_cache * 2**20,
    )
