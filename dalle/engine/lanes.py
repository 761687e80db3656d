"""Who asks, and what the members among them may have beyond what everybody has."""

from dataclasses import dataclass

from dalle.engine.order import Order
from dalle.settings import KNOBS, check_candidates


@dataclass(frozen=True)
class Visitor:
    """One who takes turns; whoever lets them in knows whether they are a member."""

    name: str  # an address, or an account of a member; it is never logged
    member: bool = False

    @property
    def line(self) -> str:
        """The name of their line in the queue: nobody's address is taken for an account."""
        return f"member {self.name}" if self.member else f"visitor {self.name}"


@dataclass(frozen=True)
class MemberLane:
    """What members have beside everybody else.

    share       per cent of the turns that members take before everybody else, who wait meanwhile
    queue_size  requests of members that may wait, in places of their own
    max_wait    seconds that one of them may have to wait
    candidates  of one of their requests at most
    """

    share: int
    queue_size: int
    max_wait: float
    candidates: int


def require_allowed(order: Order, most: int | None = None) -> None:
    """SettingsError where an order has more than `most` candidates; None: what all may ask for."""
    only = order.knobs.get("only")
    asked = len(only) if only else order.knobs.get("candidates", 0)
    check_candidates(asked, most or int(KNOBS["candidates"].high))
