"""A caller's order, parsed once at the door."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from PIL import Image

from dalle.generation.editing.alteration import Alteration
from dalle.settings import GenerationSettings, check_prompt, check_text


@dataclass(frozen=True)
class Order:
    """A prompt, a picture to go on with or none, and the knobs that were turned.

    Knobs that were left out take the defaults of the model, which may not be loaded yet.
    """

    prompt: str
    knobs: Mapping[str, Any] = field(default_factory=dict)  # fields of GenerationSettings
    model: str | None = None  # None: the active one
    precision: str | None = None  # None: the server's
    alteration: Alteration | None = None  # of a picture; None: a new one is drawn

    @classmethod
    def parse(
        cls,
        prompt: Any,
        *,
        model: str | None = None,
        precision: str | None = None,
        alteration: Alteration | None = None,
        **knobs: Any,
    ) -> Self:
        """Checks a prompt and its knobs; SettingsError names the first that cannot be.

        An alteration needs no prompt.
        """
        given = {name: value for name, value in knobs.items() if value is not None}
        settings = GenerationSettings.of({}, given)
        checked = {name: getattr(settings, name) for name in given}
        if alteration and not check_text("prompt", prompt).strip():
            prompt = ""
        else:
            check_prompt(prompt)
        return cls(prompt, checked, model or None, precision or None, alteration)

    @property
    def choice(self) -> dict[str, str | None]:
        """The model and the precision, for ModelPool.check."""
        return {"model": self.model, "precision": self.precision}

    def settings(self, defaults: Mapping[str, Any]) -> GenerationSettings:
        """All settings, with a model's own defaults; SettingsError where they contradict."""
        return GenerationSettings.of(defaults, self.knobs)

    def with_knobs(self, **knobs: Any) -> Self:
        """The same order with other values of some knobs; SettingsError as `parse`."""
        more = {**self.knobs, **knobs}
        return self.parse(
            self.prompt,
            model=self.model,
            precision=self.precision,
            alteration=self.alteration,
            **more,
        )


@dataclass(frozen=True)
class RankOrder:
    """Pictures to score against a prompt."""

    prompt: str
    images: Sequence[Image.Image]
    log_likelihoods: Sequence[float] | None = None  # None: CLIP alone scores them
    model: str | None = None  # None: the active one

    @classmethod
    def parse(cls, prompt: Any, images: Sequence[Image.Image], **more: Any) -> Self:
        """Checks the prompt; SettingsError where it cannot be."""
        return cls(check_prompt(prompt), images, **more)
