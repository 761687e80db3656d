"""Names that tell of another thing: "an orange cat", "a baby owl", "a cat by an artist"."""

from collections.abc import Sequence
from itertools import pairwise

from dalle.text.heard.span import Span
from dalle.text.heard.tables import PERSONS
from dalle.text.heard.tokens import bare_key
from dalle.text.heard.world import World

SOMEBODY = ("thing", "figure", "person", "creature")  # sorts of things and their stand-ins
SIZES = {"baby": "small"}
MAKERS = ("person", "figure")  # sorts of stand-ins
STYLE = ("style", "styled", "aesthetic")
AGES = ("young", "youthful", "adult", "grown")
SKINS = ("black", "white", "brown")
GROUNDS = ("background", "wall")


def qualify(spans: Sequence[Span], world: World) -> Sequence[Span]:
    """Takes a colour for a colour, a baby for a size, and a maker for nothing that is drawn."""
    _set_makers_aside(spans)
    _describe_people(spans, world)
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


def _describe_people(spans: Sequence[Span], world: World) -> None:
    """Sets aside what no drawing of a person shows: "a young woman", "a lady judge"."""
    for span, after in pairwise(spans):
        if after.gap != " " or not _is_person(after, world):
            continue
        said = bare_key(span.said)
        skin = said in SKINS and said in world.colours
        twice = said in PERSONS and bare_key(after.said) not in PERSONS and not span.possessive
        if skin or twice or said in AGES:
            span.set_aside()


def _is_person(span: Span, world: World) -> bool:
    thing = span.entry or world.thing(span.phrase)
    return span.sort in SOMEBODY and thing is not None and thing.group == "people"


def _set_makers_aside(spans: Sequence[Span]) -> None:
    """Sets aside who made a thing: "Wes Anderson style", "a painting by Bob Ross"."""
    made, before = False, ""
    for span, after in zip(spans, [*spans[1:], None], strict=True):
        styled = after is not None and after.said.lower() in STYLE
        if styled and span.sort in (*MAKERS, "unheard"):
            after.set_aside()
        if span.sort in MAKERS and (styled or (made and before == "by")):
            span.set_aside()
            span.sort = "unheard"  # and told as such
        made |= span.sort in (*SOMEBODY, "name")
        before = span.said.lower()
