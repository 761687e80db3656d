"""Puts a scene into everyday words: names, verbs and styles that no drawing shows stand around it.

Usual prompts name more than a picture of this world can show. A network that is to hear the
things in it has to learn which words to pass over.
"""

import re

from dalle.training.scenes.captions import (
    CROWD_WORDS,
    FORMS,
    NUMBERS,
    SIZE_WORDS,
    Captioner,
    Subject,
)
from dalle.training.scenes.colours import COLOUR_NAMES
from dalle.training.scenes.dice import Dice
from dalle.training.scenes.everyday.lists import read_list, read_table
from dalle.training.scenes.places import PLACES
from dalle.training.scenes.vocabulary import with_adjective, with_article, without_article

SINGLE, SEVERAL = "single", "several"  # relations in sentences.tsv beside those of layouts
DETERMINERS = ("the", "my", "his", "her", "your", "this", "that", "one", "another", "some", "any")
MOST_COUNTED = max(NUMBERS)
FOR_TWO = ("a couple of", "some", "a few", "my", "the", "these")
# How often each kind of punctuation that carries nothing is used; {} is the caption.
PUNCTUATION = {
    "{}": 78, "{}.": 8, "{},": 2, "{}!": 2, "{}!!!": 1, "{}...": 1, '"{}"': 3, "'{}'": 1,
    "({}:1.2)": 1, "(({}))": 1, "[{}]": 1, "{} :)": 1,
}  # fmt: skip


class PlainCaptioner(Captioner):
    """Says everything in its usual words; no die is thrown."""

    def thing(self, subject: Subject) -> str:
        if subject.count > 1:
            return self.several(subject, subject.count)
        phrase = subject.kind.phrase
        if subject.colour:
            phrase = with_adjective(usual_colour(subject.colour), phrase)
        return with_adjective(SIZE_WORDS[subject.size][0], phrase) if subject.size else phrase

    def several(self, subject: Subject, count: int) -> str:
        colour = f"{usual_colour(subject.colour)} " if subject.colour else ""
        return f"{NUMBERS.get(count, CROWD_WORDS)[0]} {colour}{subject.kind.plural}"

    def related(self, relation: str, subjects: tuple[Subject, ...]) -> str:
        return FORMS[relation][0].format(*map(self.thing, subjects))

    def grounded(self, words: str, background: str) -> str:
        if background in PLACES:
            return f"{words} {PLACES[background][1][0]}"
        return f"{words} on {with_article(usual_colour(background))} background"


def usual_colour(name: str) -> str:
    return COLOUR_NAMES.get(name, (name,))[0]


class EverydayCaptioner(Captioner):
    """A `Captioner` whose captions hold words for which nothing is drawn.

    `plain` is the last caption without them.
    """

    def __init__(self, dice: Dice, say_colours: bool):
        super().__init__(dice, say_colours)
        self._plain = PlainCaptioner(dice, say_colours)
        self._things = ""  # in plain words

    def thing(self, subject: Subject) -> str:
        if subject.count > 1 and self._dice.chance(0.65):
            return self._many(subject, subject.count)
        phrase = super().thing(subject)
        if subject.count > 1:
            return phrase
        if self._dice.chance(0.22):
            phrase = with_adjective(self._dice.pick(read_list("adjectives")), phrase)
        if self._dice.chance(0.12):
            phrase = without_article(phrase)
        elif self._dice.chance(0.08):
            phrase = re.sub(r"^an? ", f"{self._dice.pick(DETERMINERS)} ", phrase)
        if self._dice.chance(0.015) and "/" not in subject.kind.code:
            phrase = f"{phrase} {emoji_of(subject)}"
        return phrase

    def alone(self, subject: Subject) -> str:
        self._things = self._plain.thing(subject)
        told = self.thing(subject)
        if not self._dice.chance(0.3):
            return told
        return self._dice.pick(read_table("sentences")[SINGLE]).format(told)

    def several(self, subject: Subject, count: int) -> str:
        self._things = self._plain.several(subject, count)
        told = super().several(subject, count)
        if self._dice.chance(0.65):
            told = self._many(subject, count)
        if not self._dice.chance(0.3):
            return told
        return self._dice.pick(read_table("sentences")[SEVERAL]).format(told)

    def related(self, relation: str, subjects: tuple[Subject, ...]) -> str:
        self._things = self._plain.related(relation, subjects)
        for table, share in (("sentences", 0.3), ("relations", 0.6)):
            forms = read_table(table).get(relation)
            if forms and self._dice.chance(share):
                return self._dice.pick(forms).format(*map(self.thing, subjects))
        return super().related(relation, subjects)

    def caption(
        self, things: str, background: str, style: str | None = None, look: str | None = None
    ) -> str:
        dice, plain = self._dice, self._things
        words = self._accompanied(things) if dice.chance(0.25) else things
        if dice.chance(0.3):
            words = f"{words} {dice.pick(('', '', 'is ', 'are ', 'who is '))}{self._pick('doings')}"
        before, after = self._manner(style, look)
        if not look and dice.chance(0.15):
            before = ""
            words = f"{self._pick('openings')} {words}"
        if before:
            words, plain = f"{before} of {words}", f"{before} of {plain}"
        place = self._pick("places") if dice.chance(0.28) else ""
        first, second = (place, "") if dice.chance(0.5) else ("", place)
        words = f"{words} {first}".rstrip()
        if dice.chance(0.6):
            grounded = self.grounded(words, background)
            plain = self._plain.grounded(plain, background) if grounded != words else plain
            words = grounded
        words = f"{words} {second}".rstrip()
        self.plain = f"{plain}, {after}" if after else plain
        tails = [after] if after else []
        if dice.chance(0.3):
            tails += [self._pick("styles") for _ in range(dice.pick((1, 1, 1, 2, 3, 4)))]
        if tails and dice.chance(0.15):
            words = f"{', '.join(tails)}, {words}"
        elif tails:
            comma = "" if len(tails) == 1 and dice.chance(0.2) else ","
            words = f"{words}{comma} {', '.join(tails)}"
        if dice.chance(0.15):
            words = self._pick("requests").format(words)
        words = dice.weighted(PUNCTUATION).format(words)
        return words.replace(" ", "_") if dice.chance(0.01) else words

    def _many(self, subject: Subject, count: int) -> str:
        """The plural with a word for several, or alone."""
        colour = f"{self._colour(subject.colour)} " if subject.colour else ""
        plural = f"{colour}{subject.kind.plural}"
        if self._dice.chance(0.2):
            plural = f"{self._pick('adjectives')} {plural}"
        if count <= MOST_COUNTED and self._dice.chance(0.35):
            return plural
        amounts = FOR_TWO if count == 2 else read_list("amounts")
        if count > MOST_COUNTED:
            amounts = read_list("crowds")
        return f"{self._dice.pick(amounts)} {plural}"

    def _accompanied(self, things: str) -> str:
        """Somebody with a name, or something that nobody drew, has to do with the things."""
        form, other = self._pick("companions"), self._pick("names")
        if form.startswith("{0}'s"):
            things = without_article(things)
        elif self._dice.chance(0.4):
            other = self._pick("things")
        return form.format(other, things)

    def _pick(self, name: str) -> str:
        return self._dice.pick(read_list(name))


def emoji_of(subject: Subject) -> str:
    """The character itself, for a kind that is one."""
    return "".join(chr(int(point, 16)) for point in subject.kind.code.split("-"))
