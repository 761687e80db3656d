"""Whether two things stand to each other as a prompt asks, by where the judge finds them."""

from collections.abc import Callable

from dalle.training.exam.judge import Found, Seen
from dalle.training.scenes.casting import LAYOUTS

MOST_OF_THEM = 8  # of the twelve around a thing


def is_arranged(relation: str, kinds: tuple[str, ...], seen: Seen) -> bool:
    """Whether a picture shows both of `kinds`, arranged as scenes with this relation are."""
    first, second = (next((t for t in seen.things if t.kind == k), None) for k in kinds[:2])
    return bool(first and second and ARRANGED[relation](first, second, seen))


def _has(sign: str) -> Callable[[Found, Found, Seen], bool]:
    return lambda first, second, seen: seen.count(sign) > 0


# Not those where one hides a part of the other: the judge knows half of such things.
# By relation: the first thing, the second one, and all that is seen.
ARRANGED: dict[str, Callable[[Found, Found, Seen], bool]] = {
    "holding": lambda first, second, seen: second.box[2] < first.box[2],
    "chasing": lambda first, second, seen: second.box[0] < first.box[0],
    "surrounded by": lambda first, second, seen: seen.count(second.kind) >= MOST_OF_THEM,
} | {layout.relation: _has(layout.sign) for layout in LAYOUTS.values() if layout.sign}
