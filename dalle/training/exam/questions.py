"""The prompts of the embedded model's exam, and the content that each asks for."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from dalle.training.exam.everyday import read_prompts
from dalle.training.scenes.captions import ACTS, CROWD_WORDS, NUMBERS, RELATIONS
from dalle.training.scenes.casting import LAYOUTS, Casting
from dalle.training.scenes.composer import is_held_out
from dalle.training.scenes.dice import Dice
from dalle.training.scenes.looks import LOOKS
from dalle.training.scenes.places import PLACES
from dalle.training.scenes.vocabulary import Kind, with_article

# Told apart by a person at a glance; the model knows more.
BACKGROUNDS = ("white", "black", "grey", "red", "orange", "yellow", "green", "blue", "light blue",
               "purple", "pink", "brown", "teal", "navy")  # fmt: skip
# Words that are in no caption, for things without a drawing.
UNKNOWN = (
    "mordor",
    "a flibbertigibbet",
    "cthulhu on a bicycle",
    "the battle of hastings",
    "quantum entanglement",
    "a snollygoster",
    "bureaucracy",
    "a xylotheque",
    "gandalf eating ramen",
    "the year 1666",
    "schadenfreude",
    "a kerfuffle on the moon",
)
RELATED = ("pair", "on", "stack", "ride", "front")
ACTED = ("hold", "chase", "surround", "fight", "love", "talk")  # see exam/acts.py
CROWD = 16  # of a kind, asked for as many


@dataclass(frozen=True)
class Question:
    """A prompt, and the expected content of its pictures; None where nothing is asked."""

    part: str
    prompt: str
    kinds: tuple[str, ...] = field(default=())
    ground: str | None = None
    look: str | None = None
    count: int | None = None
    relation: str | None = None  # of an act
    wanted: tuple[frozenset[str], ...] = field(default=())  # of each, any kind will do


def plain(kinds: tuple[Kind, ...], dice: Dice) -> Question:
    (kind,) = Casting(LAYOUTS["single"], kinds).choose(dice)
    colour = dice.pick(BACKGROUNDS)
    prompt = f"{kind.phrase} on {with_article(colour)} background"
    return Question("plain", prompt, (kind.id,), colour)


def scene(kinds: tuple[Kind, ...], dice: Dice, unseen: bool = False) -> Question:
    """A thing in a place and a look; `unseen` where training never showed it in that place."""
    while True:
        (kind,) = Casting(LAYOUTS["single"], kinds).choose(dice)
        place, look = dice.pick(tuple(PLACES)), dice.pick(tuple(LOOKS))
        if is_held_out(kind.id, place, None) == unseen and not is_held_out(kind.id, None, look):
            break
    prompt = f"{kind.phrase} {PLACES[place][1][0]}, {LOOKS[look][3][0]}"
    return Question("unseen" if unseen else "scene", prompt, (kind.id,), place, look)


def unseen(kinds: tuple[Kind, ...], dice: Dice) -> Question:
    return scene(kinds, dice, unseen=True)


def pair(kinds: tuple[Kind, ...], dice: Dice) -> Question:
    layout = LAYOUTS[dice.pick(RELATED)]
    first, second = Casting(layout, kinds).choose(dice)
    told = RELATIONS[layout.relation][0].format(first.phrase, second.phrase)
    colour = dice.pick(BACKGROUNDS)
    prompt = f"{told} on {with_article(colour)} background"
    return Question("pair", prompt, (first.id, second.id), colour)


def count(kinds: tuple[Kind, ...], dice: Dice) -> Question:
    (kind,) = Casting(LAYOUTS["count"], kinds).choose(dice)
    number, colour = dice.pick((1, 2, 3, 4, 5)), dice.pick(BACKGROUNDS)
    told = f"{NUMBERS[number][0]} {kind.plural}" if number > 1 else kind.phrase
    prompt = f"{told} on {with_article(colour)} background"
    return Question("count", prompt, (kind.id,), colour, count=number)


def many(kinds: tuple[Kind, ...], dice: Dice) -> Question:
    """Six to ten of a kind, or many."""
    (kind,) = Casting(LAYOUTS["crowd"], kinds).choose(dice)
    number, colour = dice.pick((6, 7, 8, 9, 10, CROWD)), dice.pick(BACKGROUNDS)
    told = f"{NUMBERS.get(number, CROWD_WORDS)[0]} {kind.plural}"
    prompt = f"{told} on {with_article(colour)} background"
    return Question("many", prompt, (kind.id,), colour, count=number)


def act(kinds: tuple[Kind, ...], dice: Dice) -> Question:
    """One thing does something to the other."""
    layout = LAYOUTS[dice.pick(ACTED)]
    first, second = Casting(layout, kinds).choose(dice)[:2]
    other = (
        f"{CROWD_WORDS[0]} {second.plural}" if layout.relation == "surrounded by" else second.phrase
    )
    told = ACTS[layout.relation][0].format(first.phrase, other)
    colour = dice.pick(BACKGROUNDS)
    prompt = f"{told} on {with_article(colour)} background"
    return Question("act", prompt, (first.id, second.id), colour, relation=layout.relation)


PARTS: dict[str, tuple[Callable[[tuple[Kind, ...], Dice], Question], int]] = {
    "plain": (plain, 110),
    "scene": (scene, 60),
    "pair": (pair, 60),
    "count": (count, 50),
    "unseen": (unseen, 40),
    "many": (many, 40),
    "act": (act, 64),
}


def everyday(share: float = 1.0) -> list[Question]:
    """Prompts as people type them, spread over the list."""
    prompts = read_prompts()
    number = max(1, round(share * len(prompts)))
    chosen = [prompts[row * len(prompts) // number] for row in range(number)]
    return [Question("everyday", prompt, wanted=wanted) for prompt, wanted in chosen]


def questions(kinds: tuple[Kind, ...], seed: int, share: float = 1.0) -> list[Question]:
    """All questions, or a share of each part; things come up as often as their weight says."""
    asked = [
        make(kinds, Dice(seed, zlib.crc32(f"exam {part}".encode()), number))
        for part, (make, number_of) in PARTS.items()
        for number in range(max(1, round(share * number_of)))
    ]
    unknown = UNKNOWN[: max(1, round(share * len(UNKNOWN)))]
    asked += [Question("unknown", prompt) for prompt in unknown]
    return asked + everyday(share)
