"""Places that are named without "in" or "on": "dark forest with a dragon"."""

from collections.abc import Sequence

from dalle.text.heard.piece import DETERMINERS, PLACED
from dalle.text.heard.span import Span
from dalle.text.heard.tokens import key_of
from dalle.text.heard.weighing import BODIES
from dalle.text.heard.world import World

TOGETHER = frozenset(("with", "and", "holding"))  # then it is a thing beside another


def place(spans: Sequence[Span], world: World) -> str:
    """Lets the only place of a prompt be where its things are; returns its phrase, or "".

    One with nothing in it is drawn with a thing of its own there: "a tree in the forest".
    """
    places = [at for at, span in enumerate(spans) if span.sort == "place"]
    if len(places) != 1 or _is_placed(spans, places[0]):
        return ""
    span = spans[places[0]]
    beside = span.beside
    there = world.phrases.get(key_of(beside))
    if span.entry or not there or there.sort != "place":
        return ""
    if any(other.sort in (*BODIES, "act") for other in spans):
        span.set_aside()
    else:
        span.sort = "figure"
    return beside


def _is_placed(spans: Sequence[Span], at: int) -> bool:
    """Whether a preposition or "with" stands before the words at `at`."""
    at -= 1
    while at >= 0 and spans[at].said.lower() in DETERMINERS:
        at -= 1
    return at >= 0 and spans[at].said.lower() in PLACED | TOGETHER
