"""The pictures that one came from, out of its recipe, first to last, for a link."""

from collections.abc import Mapping
from typing import Any

MOST_STEPS = 6  # of changes after the first picture; each takes a batch to draw again


def unroll(recipe: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The recipes of a chain, the first picture's first.

    Empty where it begins with a foreign picture, or is too long: no recipe draws it again.
    """
    chain: list[Mapping[str, Any]] = [recipe]
    while "edited_from" in chain[0]:
        source = chain[0]["edited_from"]
        if not isinstance(source, Mapping) or len(chain) > MOST_STEPS:
            return []
        chain.insert(0, source)
    return chain
