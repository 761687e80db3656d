"""The result of hearing a prompt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

MOST_TOLD = 4  # words in the notes
SMALL_WORDS = ("a", "an", "the", "on", "in", "at")


class Substitution(NamedTuple):
    """A word of the prompt, and the phrase that is drawn for it."""

    said: str
    phrase: str

    @property
    def same(self) -> bool:
        """Whether it is the thing itself: "a beach", drawn as "on the beach"."""
        words = [word for word in self.phrase.lower().split() if word not in SMALL_WORDS]
        return words == [word for word in self.said.lower().split() if word not in SMALL_WORDS]


@dataclass(frozen=True)
class Heard:
    """A prompt as a small model hears it."""

    text: str  # for the model to read; empty where the prompt has no letter and no emoji
    substitutions: tuple[Substitution, ...] = ()
    heard: tuple[str, ...] = ()  # things, places and looks, as they are drawn
    unheard: tuple[str, ...] = ()  # words that nothing stands for
    suggestions: tuple[str, ...] = ()  # prompts to try, where nothing is heard
    apart: tuple[str, ...] = ()  # relations of things that are drawn side by side
    left_out: tuple[str, ...] = ()  # words that shall not be in the picture

    @property
    def notes(self) -> list[str]:
        """Sentences for the person who wrote the prompt."""
        notes = [f"{said}: drawn as {phrase}." for said, phrase in self.substitutions[:MOST_TOLD]]
        if self.suggestions:
            *first, last = self.suggestions
            notes.append(
                f"Nothing in this prompt is known to this model; try {', '.join(first)} or {last}."
            )
        elif self.unheard:
            more = len(self.unheard) - MOST_TOLD
            others = f" and {more} more" if more > 0 else ""
            notes.append(f"Not known to this model: {', '.join(self.unheard[:MOST_TOLD])}{others}.")
        if self.apart:
            words = ", ".join(self.apart[:MOST_TOLD])
            notes.append(f"The things stand side by side, since this model can't draw: {words}.")
        if self.left_out:
            notes.append(f"Left out: {', '.join(self.left_out[:MOST_TOLD])}.")
        return notes

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """The reverse of `as_dict`, without the text."""
        lists = {name: tuple(words) for name, words in told.items() if name != "drawn_as"}
        pairs = (Substitution(*pair) for pair in told["drawn_as"].items())
        return cls("", tuple(pairs), **lists)

    def as_dict(self) -> dict:
        """As JSON can hold it."""
        return {
            "drawn_as": dict(self.substitutions),
            "heard": list(self.heard),
            "unheard": list(self.unheard),
            "suggestions": list(self.suggestions),
            "apart": list(self.apart),
            "left_out": list(self.left_out),
        }
