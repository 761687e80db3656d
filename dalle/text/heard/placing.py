"""Places that are named without "in" or "on": "dark forest with a dragon"."""

from collections.abc import Sequence

from dalle.text.heard.piece import DETERMINERS, PLACED
from dalle.text.heard.qualifying import GROUNDS
from dalle.text.heard.span import Span
from dalle.text.heard.tokens import key_of
from dalle.text.heard.weighing import BODIES
from dalle.text.heard.world import World

PLANETS = frozenset(
    ("a planet with rings", "the planet Jupiter", "the planet Mars", "the planet Venus")
)
ON_A_PLANET = "on the moon"  # the only ground of another world
TOGETHER = frozenset(("with", "and", "holding"))  # then it is a thing beside another


def place(spans: Sequence[Span], world: World) -> str:
    """Lets the only place of a prompt be where its things are; returns its phrase, or "".

    One with nothing in it is drawn with a thing of its own there: "a tree in the forest".
    """
    _land(spans)
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


def _land(spans: Sequence[Span]) -> None:
    """Takes a planet that things are on for a place: "a robot on Mars"."""
    if any(span.sort == "place" or span.said.lower() in GROUNDS for span in spans):
        return
    for at, span in enumerate(spans):
        if span.phrase not in PLANETS:
            continue
        before = [word.said.lower() for word in spans[:at] if word.sort != "quiet"]
        while before and before[-1] in DETERMINERS:
            before.pop()
        things = any(other.sort in BODIES for other in spans[:at])
        if things and before[-1:] == ["on"]:
            span.sort, span.entry, span.beside = "place", None, ON_A_PLANET


def _is_placed(spans: Sequence[Span], at: int) -> bool:
    """Whether a preposition or "with" stands before the words at `at`."""
    at -= 1
    while at >= 0 and spans[at].said.lower() in DETERMINERS:
        at -= 1
    return at >= 0 and spans[at].said.lower() in PLACED | TOGETHER
