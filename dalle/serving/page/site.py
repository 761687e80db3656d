"""The facts of a page, and its functions beside generating."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from dalle.engine.protocol import Engine
from dalle.generation.precision import chosen_precision, machine_kind
from dalle.models.hub.registry import ModelFiles
from dalle.safety.prompts.filter import PromptFilter
from dalle.serving.page.examples import Example, read_examples
from dalle.serving.page.facts.about import Rows, read_card
from dalle.serving.page.picks import Pick, read_picks
from dalle.serving.page.words.known_words import KnownWords
from dalle.serving.settings import ServerSettings


@dataclass(frozen=True)
class Site:
    """The page's own facts; those about a model are about its first one."""

    settings: ServerSettings
    engine: Engine
    first: Mapping[str, str]  # model, revision, precision and machine, before any has drawn
    words: KnownWords = field(default_factory=KnownWords)
    examples: tuple[Example, ...] = ()
    picks: tuple[Pick, ...] = ()  # the owner's gallery
    card: str = ""  # the model's card, in Markdown
    facts: Callable[[], Rows] = list  # more rows for the About panel
    warnings: tuple[str, ...] = ()  # sentences beside the pictures, on checks that are off
    verify: Callable[[bytes], str] | None = None  # whether a file was made here, in a sentence
    categories: Mapping[str, str] = field(default_factory=dict)  # of reports, in words
    # report(category, note, recipe=, prompt=, png=) -> its number; the last two may be None
    report: Callable[..., str] | None = None

    @classmethod
    def of_embedded_model(
        cls, settings: ServerSettings, engine: Engine, files: ModelFiles, **more: Any
    ) -> Self:
        """The site of the model in assets/, with its words, examples, card, and the owner's picks.

        SettingsError where the folder of these is not there.
        """
        judge = PromptFilter.load(settings.prompt_policy)
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
            picks=read_picks(settings.picks, judge.require) if settings.picks else (),
            card=read_card(files.bart.parent),
            **more,
        )

    @property
    def here(self) -> Mapping[str, str]:
        """Model, revision, precision and machine at this moment."""
        active = self.engine.active_model
        if active is None:
            return self.first
        now = {
            "model": active.name,
            "revision": active.revision,
            "precision": active.precision,
            "machine": active.machine,  # one that draws for the page, in a cluster
        }
        return {**self.first, **{name: value for name, value in now.items() if value}}

    def here_with(self, choice: Mapping[str, str]) -> dict[str, Any]:
        """As `here`, of the chosen model; the active one where it is unknown."""
        info = self.engine.model_pool.info(choice.get("model"))
        chosen = {"model": info.name, "revision": info.revision} if info else {}
        return {**self.here, **chosen, **choice}

    @property
    def switched(self) -> bool:
        """True once another model has replaced the first one."""
        return self.here["model"] != self.first["model"]

    def known_words(self, model: str | None = None) -> KnownWords:
        """The words of a model, or of the one that draws; only the first one tells them."""
        first = (model or self.here["model"]) == self.first["model"]
        return self.words if first else KnownWords()

    def news(self) -> dict[str, Any]:
        """The model that draws, whether it is there, and a line about one on its way."""
        progress, model = self.engine.model_progress, self.here["model"]
        line, fraction = "", None
        if progress and progress.stage == "failed":
            line = progress.failure or ""
        elif progress and progress.stage == "downloading":
            then = f"until it is there, {model} draws"
            if progress.name != self.settings.model:
                then = "it can be chosen once it is there"
            part = progress.done / progress.total if progress.total else 0.0
            fraction = (max(0, progress.part - 1) + part) / max(1, progress.parts)
            line = f"{progress.name} is being downloaded; {then}."
        elif progress and progress.stage == "loading":
            line = f"{progress.name} is being loaded; until it is there, {model} draws."
        active = self.engine.active_model
        return {
            "model": model,
            "line": line,
            "fraction": fraction,
            "offered": self.engine.model_pool.names,
            "ready": active is not None,
        }
