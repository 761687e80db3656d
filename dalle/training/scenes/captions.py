"""Writes the caption of a scene, as a prompt would ask for it."""

from dataclasses import dataclass

from dalle.text.heard.numbers import WORDS
from dalle.training.scenes.colours import COLOUR_NAMES, COLOURS
from dalle.training.scenes.dice import Dice
from dalle.training.scenes.layouts import LARGE, SMALL
from dalle.training.scenes.looks import LOOKS
from dalle.training.scenes.places import PLACES
from dalle.training.scenes.vocabulary import Kind, with_adjective, with_article

NUMBERS = {number: (word, str(number)) for number, word in WORDS.items()}
NUMBERS[2] += ("a pair of",)
CROWD_WORDS = ("many", "lots of", "a crowd of", "a lot of")  # of more than NUMBERS counts
SIZE_WORDS = {
    LARGE: ("big", "large", "huge", "giant", "enormous"),
    SMALL: ("small", "little", "tiny"),
}
# style: (before "of a cat", after "a cat,")
STYLE_WORDS = {
    "3d": (("a 3d render", "a 3d rendering", "a 3d model", "a clay model", "a 3d cartoon"),
           ("3d render", "3d", "clay", "3d cartoon", "3d art")),
    "noto": (("a cartoon", "an illustration", "a drawing", "a cartoon drawing"),
             ("cartoon", "illustration", "cartoon style", "drawing")),
    "flat": (("a minimalist drawing", "a simple icon"), ("minimalist", "simple icon")),
    "twemoji": (("a flat illustration", "a flat design", "a vector drawing", "a sticker",
                 "an emoji", "a clip art picture", "a simple drawing"),
                ("flat illustration", "flat design", "vector art", "sticker", "emoji", "clip art",
                 "clipart")),
    "clipart": (("a clip art picture", "a cartoon", "an illustration", "a drawing"),
                ("clip art", "clipart", "cartoon", "illustration")),
}  # fmt: skip
ANY_STYLE = ("a photo", "a picture", "an image", "a photograph", "photo", "picture", "an icon")
# How often each form of a plain background is used; {a colour} comes with its article.
ON_COLOUR = {
    "{things} on {a colour} background": 36,
    "{things} on {colour}": 10,
    "{things}, {colour} background": 14,
    "{things} with {a colour} background": 12,
    "{things} in front of {a colour} background": 5,
    "{things} in front of {a colour} wall": 3,
    "{things} against {a colour} background": 5,
    "{things} on a plain {colour} background": 5,
    "{colour} background with {things}": 5,
    "{colour} background, {things}": 5,
}
RELATIONS = {
    "beside": ("{0} next to {1}", "{0} and {1}", "{0} beside {1}", "{0} to the left of {1}",
               "{1} to the right of {0}", "{0} near {1}", "{0} with {1}", "{0} by {1}"),
    "above": ("{0} above {1}", "{0} over {1}", "{1} below {0}", "{1} under {0}", "{1} beneath {0}"),
    "on": ("{0} on {1}", "{0} on top of {1}", "{0} standing on {1}", "{0} sitting on {1}"),
    "riding": ("{0} riding {1}", "{0} on {1}", "{0} rides {1}"),
    "wearing": ("{0} wearing {1}", "{0} with {1} on its head", "{0} in {1}", "{0} with {1}"),
    "in front of": ("{0} in front of {1}", "{0} before {1}", "{1} behind {0}"),
    "three together": ("{0}, {1} and {2}", "{0} and {1} and {2}", "{0} with {1} and {2}"),
    "four together": ("{0}, {1}, {2} and {3}", "{0}, {1}, {2}, {3}", "{0}, {1} and {2} with {3}"),
    "five together": ("{0}, {1}, {2}, {3} and {4}", "{0}, {1}, {2}, {3}, {4}"),
    "many together": ("{0} among {1}, {2}, {3}, {4}, {5}, {6} and {7}",),
    "eating": ("{0} eating {1}", "{0} eats {1}", "{0} having {1} for lunch"),
}  # fmt: skip
# What one does to the other, and how many there are of both.
ACTS = {
    "holding": ("{0} holding {1}", "{0} holds {1}", "{0} carrying {1}", "{0} carries {1}"),
    "holding several": ("{0} holding {1}", "{0} with {1}", "{0} and {1}", "{0} carrying {1}"),
    "several of both": ("{0} and {1}", "{0} with {1}", "{0} next to {1}"),
    "behind": ("{0} behind {1}", "{0} hiding behind {1}", "{0} peeking out from behind {1}"),
    "surrounded by": ("{0} surrounded by {1}", "{0} among {1}", "{0} in the middle of {1}"),
    "chasing": ("{0} chasing {1}", "{0} chases {1}", "{1} chased by {0}", "{0} following {1}"),
    "fighting": ("{0} fighting {1}", "{0} fights {1}", "{0} attacking {1}", "{0} attacks {1}"),
    "in love with": ("{0} in love with {1}", "{0} loves {1}", "{0} kissing {1}", "{0} hugging {1}"),
    "talking to": ("{0} talking to {1}", "{0} talks to {1}", "{0} arguing with {1}"),
    "in": ("{0} in {1}", "{0} inside {1}"),
}  # fmt: skip
FORMS = RELATIONS | ACTS
COLOUR_WORDS = {word for name in COLOURS for word in name.split()} | {"golden"}


@dataclass(frozen=True)
class Subject:
    """One thing as the caption shall tell it."""

    kind: Kind
    colour: str | None = None  # to be said, whether tinted or natural
    size: int | None = None  # in cells, to be said
    count: int = 1


class Captioner:
    """Chooses words; `say_colours` is off where a look has taken the colours away."""

    def __init__(self, dice: Dice, say_colours: bool):
        self._dice = dice
        self._say_colours = say_colours
        self.plain = ""  # the last caption in the plain grammar, where that was another

    def thing(self, subject: Subject) -> str:
        """A noun phrase with its article or number: "a big purple cat", "three cats"."""
        if subject.count > 1:
            return Captioner.several(self, subject, subject.count)
        phrase = self._name(subject)
        if subject.colour:
            phrase = with_adjective(self._colour(subject.colour), phrase)
        if subject.size == LARGE and self._dice.chance(0.2):
            return f"a close-up of {phrase}"
        if subject.size:
            phrase = with_adjective(self._dice.pick(SIZE_WORDS[subject.size]), phrase)
        return phrase

    def alone(self, subject: Subject) -> str:
        """The caption of a single thing."""
        return self.thing(subject)

    def several(self, subject: Subject, count: int) -> str:
        """Several of a kind: "three red cars"; the kind must have a plural."""
        colour = f"{self._colour(subject.colour)} " if subject.colour else ""
        return f"{self._dice.pick(NUMBERS.get(count, CROWD_WORDS))} {colour}{subject.kind.plural}"

    def related(self, relation: str, subjects: tuple[Subject, ...]) -> str:
        """Two things and how they stand to each other: "a cat next to a dog"."""
        return self._dice.pick(FORMS[relation]).format(*map(self.thing, subjects))

    def caption(
        self, things: str, background: str, style: str | None = None, look: str | None = None
    ) -> str:
        """The whole caption, around a phrase for the things; without both, no word on how."""
        before, after = self._manner(style, look)
        words = self.grounded(f"{before} of {things}" if before else things, background)
        if after:
            words = f"{words}, {after}"
        if self._dice.chance(0.04):
            words = words[0].upper() + words[1:] + self._dice.pick(("", "."))
        return words

    def _name(self, subject: Subject) -> str:
        """The kind's usual phrase or one of its names; never two colours, never a lost one."""
        kind = subject.kind
        if not kind.names or not self._dice.chance(0.3):
            return kind.phrase
        name = self._dice.pick(kind.names)
        untrue = names_colour(name) and (subject.colour or not self._say_colours)
        return kind.phrase if untrue else name

    def _colour(self, name: str) -> str:
        names = COLOUR_NAMES.get(name, (name,))
        return names[0] if self._dice.chance(0.6) else self._dice.pick(names)

    def _manner(self, style: str | None, look: str | None) -> tuple[str, str]:
        """The words before "of a cat" and after "a cat,"; either may be empty."""
        if look:
            before, after = LOOKS[look][2:]
        elif style is None:
            return "", ""
        elif self._dice.chance(0.25):
            before, after = STYLE_WORDS[style]
        else:
            return (self._dice.pick(ANY_STYLE) if self._dice.chance(0.2) else ""), ""
        if self._dice.chance(0.5):
            return self._dice.pick(before), ""
        return "", self._dice.pick(after)

    def grounded(self, words: str, background: str) -> str:
        """The words and, nearly always, the ground."""
        if background in PLACES:
            if self._dice.chance(0.95):
                words = f"{words} {self._dice.pick(PLACES[background][1])}"
        elif self._say_colours and self._dice.chance(0.85):
            words = self._on(words, self._colour(background))
        return words

    def _on(self, things: str, colour: str) -> str:
        form = self._dice.weighted(ON_COLOUR)
        words = {"things": things, "colour": colour, "a colour": with_article(colour)}
        return form.format(**words)


def names_colour(phrase: str) -> bool:
    """Whether a phrase has a colour of its own, as "a green apple" has."""
    return not COLOUR_WORDS.isdisjoint(phrase.lower().split())
