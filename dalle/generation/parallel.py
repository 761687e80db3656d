"""Programs side by side, each with a part of the rows.

On a CPU the operations of one program are shared out among the cores, one after another. At the end
of each the cores wait for the slowest; of a small model most are over before they are shared out.
Two programs with half of the rows each never wait for one another, and while one reads from memory
the other multiplies. So codes are drawn, and pictures decoded.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import jax

Part, Done = TypeVar("Part"), TypeVar("Done")

LANES = 2  # however many cores there are, so that the same rows give the same pictures


def lanes_for(rows: int) -> int:
    """The number of programs for a batch: several on a CPU, where rows divide evenly."""
    alone = jax.default_backend() == "cpu" and jax.local_device_count() == 1
    return LANES if alone and rows % LANES == 0 else 1


def side_by_side(function: Callable[[Part], Done], parts: Iterable[Part], lanes: int) -> list[Done]:
    """`function` of each part, in their order; as many at a time as there are lanes."""
    with ThreadPoolExecutor(lanes, "lane") as threads:
        return list(threads.map(function, parts))
