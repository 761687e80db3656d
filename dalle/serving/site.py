"""What a page tells about itself, and what it can do beside drawing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from dalle.generation.machine import chosen_precision, machine_kind
from dalle.models.registry import ModelFiles
from dalle.server_settings import ServerSettings
from dalle.serving.about import Rows, read_card
from dalle.serving.engine import Engine
from dalle.serving.examples import Example, read_examples
from dalle.serving.words import KnownWords


@dataclass(frozen=True)
class Site:
    """The page's own facts; what is about a model is about the one that the page began with."""

    settings: ServerSettings
    engine: Engine
    first: Mapping[str, str]  # model, revision, precision and machine, before any has drawn
    words: KnownWords = field(default_factory=KnownWords)
    examples: tuple[Example, ...] = ()
    card: str = ""  # the model's card, in Markdown
    facts: Callable[[], Rows] = list  # more rows for the About panel
    warnings: tuple[str, ...] = ()  # sentences beside the pictures, on what is switched off
    verify: Callable[[bytes], str] | None = None  # whether a file was made here, in a sentence
    categories: Mapping[str, str] = field(default_factory=dict)  # of reports, in words
    # report(category, note, recipe=, prompt=, png=) -> its number; the last two may be None
    report: Callable[..., str] | None = None

    @classmethod
    def of_embedded_model(
        cls, settings: ServerSettings, engine: Engine, files: ModelFiles, **more: Any
    ) -> Self:
        """The site of the model in assets/, with its words, examples and card."""
        return cls(
            settings,
            engine,
            {
                "model": files.name,
                "revision": files.revision,
                "precision": chosen_precision(settings.precision),
                "machine": machine_kind(),
            },
            words=KnownWords.beside(files.bart.parent),
            examples=tuple(read_examples()),
            card=read_card(files.bart.parent),
            **more,
        )

    @property
    def here(self) -> Mapping[str, str]:
        """Model, revision, precision and machine of what draws now."""
        serving = self.engine.serving
        if serving is None:
            return self.first
        now = {
            "model": serving.name,
            "revision": serving.revision,
            "precision": serving.precision,
            "machine": serving.machine,  # one that draws for the page, in a cluster
        }
        return {**self.first, **{name: value for name, value in now.items() if value}}

    def here_with(self, choice: Mapping[str, str]) -> dict[str, Any]:
        """As `here`, of the model and the precision that are chosen; unknown ones left out."""
        offer = self.engine.installed.offer(self.engine.serving, choice.get("model"))
        chosen = {"model": offer.name, "revision": offer.revision} if offer else {}
        return {**self.here, **chosen, **choice}

    @property
    def switched(self) -> bool:
        """Whether another model draws than the page began with."""
        return self.here["model"] != self.first["model"]

    def known_words(self, model: str | None = None) -> KnownWords:
        """The words of a model, or of the one that draws; only the first one tells them."""
        first = (model or self.here["model"]) == self.first["model"]
        return self.words if first else KnownWords()

    def news(self) -> dict[str, Any]:
        """The model that draws, whether it is there, and a line about one on its way."""
        coming, model = self.engine.coming, self.here["model"]
        line, fraction = "", None
        if coming and coming.stage == "failed":
            line = coming.failure or ""
        elif coming and coming.stage == "downloading":
            then = f"until it is there, {model} draws"
            if coming.name != self.settings.model:
                then = "it can be chosen once it is there"
            part = coming.done / coming.total if coming.total else 0.0
            fraction = (max(0, coming.part - 1) + part) / max(1, coming.parts)
            line = f"{coming.name} is being downloaded; {then}."
        elif coming and coming.stage == "loading":
            line = f"{coming.name} is being loaded; until it is there, {model} draws."
        serving = self.engine.serving
        return {
            "model": model,
            "line": line,
            "fraction": fraction,
            "offered": self.engine.installed.models(serving),
            "ready": serving is not None,
        }
