"""The models and precisions that may be chosen, and the pipelines that are loaded for them.

What draws where nothing is chosen is the engine's own pipeline. The others are loaded at their
first use, and all but the latest are let go again: which models fit into memory is the owner's
decision, how many at once is not left to visitors.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from dalle.generation.loading import read_defaults
from dalle.generation.machine import chosen_precision
from dalle.generation.pipeline import Pipeline
from dalle.models.registry import locate
from dalle.serving.states import Serving
from dalle.settings import PRECISIONS, SettingsError

BESIDE = 1  # pipelines in memory beside the engine's own
CHOICES = ("model", "precision")

Key = tuple[str, str | None]  # model and precision


@dataclass(frozen=True)
class Offer:
    """A model whose files are on this machine."""

    name: str
    revision: str | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)  # its own settings

    @classmethod
    def read(cls, name: str) -> Self:
        """What a model's files tell without its weights."""
        files = locate(name, weights=False)
        return cls(name, files.revision, read_defaults(files.bart))


class Installed:
    """What may be chosen; `load(model, precision)` makes a pipeline of it."""

    def __init__(
        self,
        load: Callable[[str, str | None], Pipeline] | None = None,
        precisions: Iterable[str] = (),
    ) -> None:
        self.loading: str | None = None  # the model that somebody waits for
        self._load = load
        # The first one is taken where none is chosen.
        self._precisions = tuple(dict.fromkeys(map(chosen_precision, precisions)))
        self._offers: dict[str, Offer] = {}
        self._loaded: OrderedDict[Key, Pipeline] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, offer: Offer) -> None:
        """From now on this model may be chosen."""
        self._offers[offer.name] = offer

    def models(self, serving: Serving | None) -> list[str]:
        """The names that may be chosen, the one that draws by itself first."""
        return list(dict.fromkeys([*([serving.name] if serving else []), *self._offers]))

    def precisions(self, serving: Serving | None) -> list[str]:
        """The precisions that may be chosen, the one that is taken by itself first."""
        own = [serving.precision] if serving and serving.precision else []
        return list(dict.fromkeys([*own, *self._precisions]))

    def check(self, serving: Serving | None, choice: Mapping[str, str | None]) -> None:
        """SettingsError for a model or a precision that is not offered."""
        offered = {"model": self.models(serving), "precision": self.precisions(serving)}
        for name, value in choice.items():
            if value not in (None, PRECISIONS[0], *offered[name]):
                allowed = " or ".join(offered[name]) or "left out until a model is loaded"
                raise SettingsError(
                    f"{name} is {str(value)[:80]!r}; it must be {allowed}: whoever runs this "
                    "server decides what is offered."
                )

    def resolve(self, serving: Serving, choice: Mapping[str, str | None]) -> Key:
        """The model and the precision that a choice stands for."""
        model = choice.get("model") or serving.name
        precision = choice.get("precision")
        if precision in (None, PRECISIONS[0]):
            precision = serving.precision
        return model, precision

    def pipeline(self, serving: Serving, choice: Mapping[str, str | None]) -> Pipeline:
        """The pipeline of a choice, loaded where it is not; the errors are those of `load`."""
        key = self.resolve(serving, choice)
        if key == (serving.name, serving.precision):
            return serving.pipeline
        with self._lock:
            if key not in self._loaded:
                self._make_room(BESIDE - 1)
                self.loading = key[0]
                try:
                    self._loaded[key] = self._load(*key)
                finally:
                    self.loading = None
            self._loaded.move_to_end(key)
            return self._loaded[key]

    def loaded(self, serving: Serving, choice: Mapping[str, str | None]) -> Pipeline | None:
        """The pipeline of a choice, where it needs no loading."""
        key = self.resolve(serving, choice)
        if key == (serving.name, serving.precision):
            return serving.pipeline
        with self._lock:
            return self._loaded.get(key)

    def keep(self, serving: Serving) -> None:
        """Another one draws from now on; this one stays loaded until there is no room."""
        with self._lock:
            self._make_room(BESIDE - 1)
            self._loaded[serving.name, serving.precision] = serving.pipeline

    def offer(self, serving: Serving | None, model: str | None) -> Offer | None:
        """What is known of a model, or of the one that draws; None before there is any."""
        if serving and model in (None, serving.name):
            return Offer(serving.name, serving.revision, serving.defaults)
        return self._offers.get(model)

    def wanted(self, serving: Serving | None, origin: Mapping[str, str]) -> dict[str, str]:
        """The model and the precision that a recipe was drawn with, where they are offered."""
        offered = {"model": self.models(serving), "precision": self.precisions(serving)}
        return {name: origin[name] for name in CHOICES if origin.get(name) in offered[name]}

    def _make_room(self, most: int) -> None:
        while len(self._loaded) > most:
            self._loaded.popitem(last=False)


def split_choice(knobs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The model and the precision that are chosen, and the other knobs."""
    choice = {name: knobs[name] for name in CHOICES if knobs.get(name)}
    return choice, {name: value for name, value in knobs.items() if name not in CHOICES}
