"""A request to an engine, in one call."""

from collections.abc import Iterator
from typing import Any

from dalle.engine.lanes import Visitor
from dalle.engine.order import Order
from dalle.engine.protocol import Engine


def ask(
    engine: Engine,
    prompt: Any,
    *,
    visitor: str | None = None,
    member: bool = False,
    previews: bool = True,
    **knobs: Any,
) -> Iterator[Any]:
    """The frames of an order."""
    asker = Visitor(visitor, member) if visitor else None
    return engine.generate(Order.parse(prompt, **knobs), visitor=asker, previews=previews)
