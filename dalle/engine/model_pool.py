"""The models that may be chosen, the active one among them, and the pipelines loaded for them.

Requests that name no model use the active one. The others are loaded at their first use, and all
but the latest are let go again: the owner decides which models fit into memory, visitors don't.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from dalle.engine.status import ActiveModel
from dalle.generation.loading import read_defaults
from dalle.generation.pipeline import Pipeline
from dalle.models.hub.registry import locate
from dalle.settings import PRECISIONS, SettingsError

BESIDE = 1  # pipelines in memory beside the active one


@dataclass(frozen=True)
class ModelInfo:
    """A model whose files are on this machine."""

    name: str
    revision: str | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)  # its own settings

    @classmethod
    def read(cls, name: str) -> Self:
        """Reads a model's files, without its weights."""
        files = locate(name, weights=False)
        return cls(name, files.revision, read_defaults(files.bart))


class ModelPool:
    """The models of a server; `load(model)` makes the pipeline of one."""

    def __init__(self, load: Callable[[str], Pipeline] | None = None) -> None:
        self.active: ActiveModel | None = None  # None before its first picture
        self.loading: str | None = None  # the model that a request waits for
        self._load = load
        self._infos: dict[str, ModelInfo] = {}
        self._loaded: OrderedDict[str, Pipeline] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, info: ModelInfo) -> None:
        """Offers this model from now on."""
        self._infos[info.name] = info

    @property
    def names(self) -> list[str]:
        """Selectable models, the default first."""
        return list(dict.fromkeys([*([self.active.name] if self.active else []), *self._infos]))

    @property
    def precisions(self) -> list[str]:
        """The precision that this server computes in, alone; empty before a model is loaded."""
        return [self.active.precision] if self.active and self.active.precision else []

    def check(self, choice: Mapping[str, str | None]) -> None:
        """Raises SettingsError for a model or a precision that is not offered."""
        offered = {"model": self.names, "precision": [PRECISIONS[0], *self.precisions]}
        for name, value in choice.items():
            if value is not None and value not in offered[name]:
                allowed = " or ".join(offered[name]) or "left out until a model is loaded"
                raise SettingsError(
                    f"{name} is {str(value)[:80]!r}; it must be {allowed}: the owner of this "
                    "server decides what is offered."
                )

    def resolve(self, model: str | None) -> str:
        """The name of the model that serves a request; there must be an active one."""
        return model or self.active.name

    def pipeline(self, model: str | None) -> Pipeline:
        """The pipeline of a model, loaded where it is not; the errors are those of `load`."""
        name = self.resolve(model)
        if name == self.active.name:
            return self.active.pipeline
        with self._lock:
            if name not in self._loaded:
                self._make_room()
                self.loading = name
                try:
                    self._loaded[name] = self._load(name)
                finally:
                    self.loading = None
            self._loaded.move_to_end(name)
            return self._loaded[name]

    def loaded(self, model: str | None) -> Pipeline | None:
        """The pipeline of a model, where it needs no loading."""
        if self.active is None:
            return None
        name = self.resolve(model)
        if name == self.active.name:
            return self.active.pipeline
        with self._lock:
            return self._loaded.get(name)

    def keep(self, model: ActiveModel) -> None:
        """Keeps the pipeline of a model that is active no longer, until its room is needed."""
        with self._lock:
            self._make_room()
            self._loaded[model.name] = model.pipeline

    def info(self, model: str | None = None) -> ModelInfo | None:
        """The facts about a model, or about the active one; None before there is any."""
        active = self.active
        if active and model in (None, active.name):
            return ModelInfo(active.name, active.revision, active.defaults)
        return self._infos.get(model)

    def offered(self, origin: Mapping[str, Any]) -> dict[str, str]:
        """The model that a recipe names, as a choice, where it may be chosen here."""
        return {"model": origin["model"]} if origin.get("model") in self.names else {}

    def _make_room(self) -> None:
        while len(self._loaded) >= BESIDE:
            self._loaded.popitem(last=False)
