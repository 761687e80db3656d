"""Puts a scene into the words of someone who asks for it."""

from dataclasses import dataclass

import numpy as np

from dalle.training.colours import COLOUR_NAMES, COLOURS
from dalle.training.looks import LOOKS
from dalle.training.places import PLACES
from dalle.training.vocabulary import Kind, with_adjective

NUMBERS = {2: ("two", "2", "a pair of"), 3: ("three", "3"), 4: ("four", "4"), 5: ("five", "5")}
SIZE_WORDS = {
    10: ("big", "large", "huge", "giant", "enormous"),
    6: ("small", "little", "tiny"),
}
# style: (before "of a cat", after "a cat,")
STYLE_WORDS = {
    "3d": (("a 3d render", "a 3d rendering", "a 3d model", "a clay model", "a 3d cartoon"),
           ("3d render", "3d", "clay", "3d cartoon", "3d art")),
    "noto": (("a cartoon", "an illustration", "a drawing", "a cartoon drawing"),
             ("cartoon", "illustration", "cartoon style", "drawing")),
    "flat": (("a flat illustration", "a flat design", "a vector drawing", "a minimalist drawing"),
             ("flat illustration", "flat design", "vector art", "minimalist")),
    "twemoji": (("a sticker", "an emoji", "a clip art picture", "a simple drawing"),
                ("sticker", "emoji", "clip art", "clipart")),
}  # fmt: skip
ANY_STYLE = ("a photo", "a picture", "an image", "a photograph", "photo", "picture", "an icon")
# How often each form of a plain background is used.
ON_COLOUR = {
    "{thing} on a {colour} background": 0.36,
    "{thing} on {colour}": 0.10,
    "{thing}, {colour} background": 0.14,
    "{thing} with a {colour} background": 0.12,
    "{thing} in front of a {colour} background": 0.05,
    "{thing} in front of a {colour} wall": 0.03,
    "{thing} against a {colour} background": 0.05,
    "{thing} on a plain {colour} background": 0.05,
    "{colour} background with {thing}": 0.05,
    "{colour} background, {thing}": 0.05,
}
RELATIONS = {
    "beside": ("{0} next to {1}", "{0} and {1}", "{0} beside {1}", "{0} to the left of {1}",
               "{1} to the right of {0}", "{0} near {1}", "{0} with {1}"),
    "above": ("{0} above {1}", "{0} over {1}", "{1} below {0}", "{1} under {0}", "{1} beneath {0}"),
    "on": ("{0} on {1}", "{0} on top of {1}", "{0} standing on {1}", "{0} sitting on {1}"),
    "riding": ("{0} riding {1}", "{0} on {1}", "{0} rides {1}"),
    "wearing": ("{0} wearing {1}", "{0} with {1} on its head", "{0} in {1}", "{0} with {1}"),
}  # fmt: skip
COLOUR_WORDS = {word for name in COLOURS for word in name.split()} | {"golden", "gold", "dark"}


@dataclass(frozen=True)
class Subject:
    """One thing as the caption shall tell it."""

    kind: Kind
    colour: str | None = None  # said, whether tinted or natural
    cells: int = 8
    size_is_said: bool = False


class Captioner:
    """Chooses words with one random generator."""

    def __init__(self, random: np.random.Generator):
        self._random = random

    def chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def pick(self, options):
        return options[int(self._random.random() * len(options))]

    def colour(self, name: str) -> str:
        """The colour's own name most of the time, else one of its other names."""
        names = COLOUR_NAMES.get(name, (name,))
        return names[0] if self.chance(0.6) else self.pick(names)

    def thing(self, subject: Subject) -> str:
        """A noun phrase with its article: "a big purple cat"."""
        kind = subject.kind
        phrase = kind.phrase
        if kind.names and self.chance(0.3):
            phrase = self.pick(kind.names)
            if subject.colour and names_colour(phrase):
                phrase = kind.phrase
        if subject.colour:
            phrase = with_adjective(self.colour(subject.colour), phrase)
        if subject.size_is_said:
            if subject.cells == 10 and self.chance(0.2):
                return f"a close-up of {phrase}"
            phrase = with_adjective(self.pick(SIZE_WORDS[subject.cells]), phrase)
        return phrase

    def several(self, subject: Subject, count: int) -> str:
        """"three red cars"; the kind must have a plural."""
        colour = f"{self.colour(subject.colour)} " if subject.colour else ""
        return f"{self.pick(NUMBERS[count])} {colour}{subject.kind.plural}"

    def related(self, relation: str, subjects: tuple[Subject, ...]) -> str:
        return self.pick(RELATIONS[relation]).format(*map(self.thing, subjects))

    def caption(self, things: str, style: str, colour: str | None, place: str | None,
                look: str | None, say_colours: bool) -> str:  # fmt: skip
        """The whole caption, around a phrase for the things."""
        before, after = self._manner(style, look)
        if before:
            things = f"{before} of {things}"
        words = things
        if place and self.chance(0.95):
            words = f"{things} {self.pick(PLACES[place][1])}"
        elif colour and say_colours and self.chance(0.85):
            words = self._on(things, self.colour(colour))
        if after:
            words = f"{words}, {after}"
        if self.chance(0.04):
            words = words[0].upper() + words[1:] + self.pick(("", "."))
        return words

    def _manner(self, style: str, look: str | None) -> tuple[str, str]:
        """What comes before "of a cat" and after "a cat,"; either may be empty."""
        if look:
            words = LOOKS[look][2:]
        elif self.chance(0.25):
            words = STYLE_WORDS[style]
        else:
            return (self.pick(ANY_STYLE) if self.chance(0.2) else ""), ""
        return (self.pick(words[0]), "") if self.chance(0.5) else ("", self.pick(words[1]))

    def _on(self, things: str, colour: str) -> str:
        threshold = self._random.random() * sum(ON_COLOUR.values())
        for form, share in ON_COLOUR.items():
            threshold -= share
            if threshold < 0:
                break
        words = form.format(thing=things, colour=colour)
        return words.replace("a orange", "an orange")


def names_colour(phrase: str) -> bool:
    return not COLOUR_WORDS.isdisjoint(phrase.lower().split())
