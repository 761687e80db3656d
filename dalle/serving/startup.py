"""The process of a server and its engine, as the settings choose."""

import contextlib
import gc
import importlib
import logging
import os
from collections.abc import Callable
from functools import partial

from dalle.engine.engine import LocalEngine
from dalle.engine.lanes import MemberLane
from dalle.engine.model_pool import ModelPool
from dalle.generation.loading import load
from dalle.generation.pipeline import Pipeline
from dalle.runtime.accelerator import idle_notice, require_accelerator
from dalle.runtime.compilation_cache import keep_compiled
from dalle.runtime.malloc import give_memory_back, keep_heaps_small
from dalle.safety.prompts.filter import PromptFilter
from dalle.serving.settings import ServerSettings

log = logging.getLogger(__name__)


def prepare_process() -> None:
    """Sets up malloc and the compilation cache; to be called before anything is compiled."""
    keep_heaps_small()
    give_memory_back()
    keep_compiled()


def import_plots() -> None:
    """Imports matplotlib where there is one: gradio does so at the first call, in its event loop.

    Without a backend named it also looks for a screen there, and nobody is answered for a second.
    """
    os.environ.setdefault("MPLBACKEND", "agg")
    with contextlib.suppress(ImportError):
        importlib.import_module("matplotlib")


def freeze_heap() -> None:
    """Leaves all objects that are there out of later collections of garbage.

    They stay until the end. To look through them took a third of a second, in which nobody was
    answered, whenever a large request made Python collect.
    """
    gc.collect()
    gc.freeze()


def make_loader(settings: ServerSettings) -> Callable[..., Pipeline]:
    """A function that loads the pipeline of a model."""

    def load_model(name: str) -> Pipeline:
        return load(name, settings.precision, settings.prompt_policy)

    return load_model


def check_accelerator(settings: ServerSettings) -> None:
    """Logs an accelerator that idles; SettingsError where one is required and none draws."""
    if settings.require_accelerator:
        require_accelerator()
    if notice := idle_notice():
        log.warning(notice)


def make_engine(settings: ServerSettings, model: str) -> LocalEngine:
    """An engine that draws with this model once it is started."""
    check_accelerator(settings)
    load_model = make_loader(settings)
    return LocalEngine(
        partial(load_model, model),
        settings.queue_size,
        ModelPool(load_model),
        PromptFilter.load(settings.prompt_policy),
        settings.max_wait,
        settings.result_cache * 2**20,
        member_lane(settings),
    )


def member_lane(settings: ServerSettings) -> MemberLane | None:
    """What members have; None where there are none."""
    if not settings.members:
        return None
    return MemberLane(
        settings.members_share,
        settings.members_queue,
        settings.members_max_wait,
        settings.members_candidates,
    )
