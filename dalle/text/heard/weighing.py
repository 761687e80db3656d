"""Words that would draw the model away from the things that it heard."""

from collections.abc import Container, Sequence

from dalle.text.heard.piece import FUNCTION
from dalle.text.heard.qualifying import SOMEBODY
from dalle.text.heard.span import Span
from dalle.text.heard.tokens import bare_key
from dalle.text.heard.world import World

BODIES = (*SOMEBODY, "name", "slip")


def weigh(spans: Sequence[Span], world: World, plain_words: Container[str]) -> None:
    """Sets aside everyday words of no picture, moods, and acts where there is enough else.

    An act brings somebody of its own.
    """
    bodies = [at for at, span in enumerate(spans) if span.sort in BODIES]
    for at, span in enumerate(spans):
        if span.sort == "act" and bodies and (len(bodies) > 1 or at < bodies[0]):
            span.set_aside()
        elif span.sort == "kept" and bodies and bare_key(span.said) not in FUNCTION:
            # Told as not drawn, but for words that carry nothing.
            span.sort = "quiet" if span.said.lower() in plain_words else "unheard"
    if len(bodies) > 1:
        for at in bodies:  # "a sailor and a galleon": with others beside them the first alone
            spans[at].phrase = world.parts(spans[at].phrase)[0]
    if any(span.sort in (*BODIES, "place", "act") for span in spans):
        for span in (span for span in spans if span.sort == "mood"):
            span.set_aside()
