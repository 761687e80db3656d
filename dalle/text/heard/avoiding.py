"""Things that shall not be in the picture: "a cat without a hat", or a negative prompt."""

from collections.abc import Sequence

from dalle.text.heard.piece import DETERMINERS
from dalle.text.heard.span import Span
from dalle.text.heard.tokens import bare_key
from dalle.text.heard.world import World

DENYING = frozenset(("no", "without", "minus", "except", "not", "never", "excluding"))
BEFORE_DENIED = frozenset(("with", "and", "but", "having", "has", "wearing"))
AFTER_DENYING = frozenset(("of", "for", "any", "wearing", "having", "holding"))  # "instead of"
MOST_BETWEEN = 3  # words between "without" and the thing


def leave_out(spans: Sequence[Span], avoided: frozenset[str], world: World) -> tuple[str, ...]:
    """Sets aside the things that a prompt denies, and those of `avoided`; returns their words.

    `avoided` holds phrases, as `thing_of` tells them.
    """
    left_out: dict[str, None] = {}

    def leave(span: Span) -> None:
        left_out[span.said] = None
        span.set_aside()

    for at, span in enumerate(spans):
        if avoided and thing_of(span.phrase, world) in avoided:
            leave(span)
        elif _denies(spans, at) and (denied := _denied(spans, at)):
            words = spans[at:denied]
            for word in words[:-1]:
                word.set_aside()
            leave(words[-1])
            while at and spans[at - 1].said.lower() in BEFORE_DENIED:  # "with no hat"
                at -= 1
                spans[at].set_aside()
    return tuple(left_out)


def thing_of(phrase: str, world: World) -> str:
    """A thing's phrase, of one of them, by any of its names; any other phrase as it is."""
    entry = world.thing(phrase)
    return entry.phrase if entry else phrase


def _denies(spans: Sequence[Span], at: int) -> bool:
    said = spans[at].said.lower()
    follows = spans[at + 1].said.lower() if at + 1 < len(spans) else ""
    return said in DENYING or (said == "instead" and follows == "of")


def _denied(spans: Sequence[Span], at: int) -> int:
    """The end of the words that a denial holds for; 0 where nothing follows it."""
    for end in range(at + 1, min(at + 2 + MOST_BETWEEN, len(spans))):
        span = spans[end]
        if "," in span.gap or "." in span.gap:
            return 0
        said = bare_key(span.said)
        if said in DETERMINERS | AFTER_DENYING or span.sort in ("colour", "size"):
            continue
        if span.sort == "plain" and not span.phrase:
            continue
        return end + 1
    return 0
