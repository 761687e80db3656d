"""Things' names that tell of the next thing: "an orange cat", "a baby owl"."""

from collections.abc import Sequence
from itertools import pairwise

from dalle.text.heard.span import Span
from dalle.text.heard.tokens import bare_key
from dalle.text.heard.world import World

SOMEBODY = ("thing", "figure", "person", "creature")  # sorts of things and their stand-ins
SIZES = {"baby": "small"}


def qualify(spans: Sequence[Span], world: World) -> None:
    """Takes a colour for a colour, and a baby for a size, right before a thing."""
    for span, after in pairwise(spans):
        thing = span.sort == "thing" and not span.possessive
        if not thing or after.gap != " " or after.sort not in (*SOMEBODY, "name"):
            continue
        said = bare_key(span.said)
        if said in world.colours:
            span.sort, span.phrase, span.entry = "colour", "", world.colours[said]
        elif said in SIZES:
            span.sort, span.phrase, span.entry = "size", SIZES[said], None
