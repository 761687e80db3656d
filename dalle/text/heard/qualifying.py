"""Things' names that tell of the next thing: "an orange cat", "a baby owl", "on lime"."""

from collections.abc import Sequence

from dalle.text.heard.span import Span
from dalle.text.heard.tokens import bare_key
from dalle.text.heard.world import World

SOMEBODY = ("thing", "figure", "person", "creature")  # sorts of things and their stand-ins
SIZES = {"baby": "small"}
GROUNDS = ("background", "wall")


def qualify(spans: Sequence[Span], world: World) -> Sequence[Span]:
    """Takes a colour for a colour, and a baby for a size, by the words beside them."""
    around = zip([None, *spans], spans, [*spans[1:], None], strict=False)
    for before, span, after in around:
        if span.sort != "thing" or span.possessive:
            continue
        said, on = bare_key(span.said), before is not None and before.said.lower() == "on"
        follows = after is not None and after.gap == " "
        describes = follows and after.sort in (*SOMEBODY, "name")
        grounds = follows and after.said.lower() in GROUNDS
        if said in world.colours and (on or describes or grounds):
            span.sort, span.phrase, span.entry = "colour", "", world.colours[said]
        elif said in SIZES and describes:
            span.sort, span.phrase, span.entry = "size", SIZES[said], None
    return spans
