"""Prompts by a grammar: what people write, disguise, and attack a filter with."""

import random
from collections.abc import Iterator

LONGEST = 2_000  # characters
WORDS = (
    "a", "the", "red", "apple", "naked", "child", "kill", "nude", "cat", "of", "on", "in", "blue",
    "женщина", "голая", "女人", "裸", "子供", "امرأة", "नग्न", "enfant", "nu", "niña", "desnuda",
)  # fmt: skip
GLUE = (
    " ",
    "",
    "-",
    "_",
    "*",
    "#",
    ".",
    ",",
    "  ",
    "\n",
    "\u200b",
    "\u0301",
    "\u202e",
    "/",
    "&#32;",
)
ODD = (
    "\x00",
    "\ufeff",
    "\u00ad",
    "𝓷",
    "ﷺ",
    "🍎",
    "👩‍👩‍👧",
    "<b>",
    "</b>",
    "&amp;",
    "%6e",
    "&#x6e;",
    "^",
    "1",
    "@",
)


def made_up(count: int, seed: int = 0) -> Iterator[str]:
    """Prompts of all lengths up to LONGEST."""
    dice = random.Random(seed)
    for _ in range(count):
        yield one(dice)[:LONGEST]


def one(dice: random.Random) -> str:
    kind = dice.randrange(4)
    if kind == 0:  # a sentence
        return " ".join(dice.choices(WORDS, k=dice.randrange(1, 12)))
    if kind == 1:  # one thing again and again
        return one_piece(dice) * dice.choice((1, 3, 50, LONGEST))
    if kind == 2:  # a word taken apart
        return dice.choice(GLUE).join(dice.choice(WORDS)) + one(dice)
    return "".join(one_piece(dice) for _ in range(dice.choice((2, 10, 200))))


def one_piece(dice: random.Random) -> str:
    return dice.choice(dice.choice((WORDS, GLUE, ODD)))
