"""Numbers as the captions of training tell them, and words for several of a kind.

Up to ten are counted; of more there are "many": "an army of robots" is "many robots".
"""

from collections.abc import Sequence

from dalle.text.heard.span import Span
from dalle.text.heard.tokens import bare_key, singulars

MANY = "many"
WORDS = dict(enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 2))
NUMBERS = {form: number for number, word in WORDS.items() for form in (word, str(number))}
YEARS = range(1001, 2100)
AMOUNTS = dict.fromkeys(
    ("group", "bunch", "gang", "pack", "team", "trio", "collection", "set", "handful", "family",
     "cluster", "variety", "assortment", "pile", "heap", "stack", "row", "line", "litter", "troop",
     "squad", "band", "party"),
    "three",
) | dict.fromkeys(
    ("crowd", "army", "horde", "swarm", "herd", "flock", "fleet", "legion", "sea", "mob", "lot",
     "hundred", "thousand", "million", "billion", "dozen", "ton", "load", "plenty", "colony",
     "school", "shoal", "parade", "mass", "multitude", "host", "throng", "invasion", "plague",
     "infestation", "mountain", "ocean", "battalion", "abundance", "plethora"),
    MANY,
)  # fmt: skip
ARTICLES = ("a", "an", "the")
BETWEEN = ("colour", "size", "quiet", "unheard", "kept", "plain")  # sorts of words at a noun
MOST_BETWEEN = 3


def plain_number(digits: str) -> str:
    """The word for a number in digits; empty for years, and for numbers that count nothing."""
    number = int(digits[:9])
    if number in WORDS:
        return WORDS[number]
    round_one = number >= 100 and number % 100 == 0 and number not in YEARS
    return MANY if 10 < number < 100 or round_one else ""


def count(spans: Sequence[Span], plurals: frozenset[str]) -> None:
    """Takes a word for several for its number, where "of" and a plural follow it.

    `plurals` are the keys of all things' plurals.
    """
    for at, span in enumerate(spans):
        amount = _amount(bare_key(span.said))
        if not amount or not _of_several(spans[at + 1 :], plurals):
            continue
        span.sort, span.phrase, span.entry = "plain", amount, None
        spans[at + 1].set_aside()
        while at and spans[at - 1].sort in ("size", "quiet", "unheard", "kept"):
            at -= 1  # "a huge crowd of cats"
            if spans[at].said.lower() in ARTICLES:
                break
            spans[at].set_aside()


def _amount(key: str) -> str:
    """The number that a word for several stands for; empty for other words."""
    return next((AMOUNTS[form] for form in (key, *singulars(key)) if form in AMOUNTS), "")


def _of_several(after: Sequence[Span], plurals: frozenset[str]) -> bool:
    """Whether "of" comes next, and then a plural with a few words before it at most."""
    if not after or after[0].said.lower() != "of":
        return False
    for span in after[1 : 2 + MOST_BETWEEN]:
        several = bool(span.plural) and span.phrase == span.plural
        if several or bare_key(span.said) in plurals:
            return True
        if span.sort not in BETWEEN and span.said.lower() not in ARTICLES:
            return False
    return False
