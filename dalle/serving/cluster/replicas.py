"""The machines as ClusterEngine sees them; ray_serve.py reaches them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from dalle.serving.cluster.replica import Abilities


class Call(Protocol):
    """A request at a replica: its frames, an exception of ours as the last one."""

    def __iter__(self) -> Iterator[Any]: ...

    def cancel(self) -> None: ...


@dataclass(frozen=True)
class State:
    """How the replicas are: how many draw, and why none ever will, in a sentence."""

    running: int
    failure: str | None = None


class Replicas(Protocol):
    """All replicas together."""

    def start(self) -> None: ...

    def state(self) -> State: ...

    def describe(self) -> Abilities: ...

    def call(self, method: str, *arguments: Any, **named: Any) -> Call:
        """Sends a request; BusyError, here or while it is iterated, where too many wait."""
