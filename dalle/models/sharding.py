"""Work shared out over all devices of this machine; with a single one nothing is moved.

Candidates go side by side: each device has all weights and some of the rows.
"""

from functools import cache
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

ROWS = "rows"  # the mesh's axis


@cache
def local_mesh() -> Mesh:
    """All devices of this machine in a row."""
    return Mesh(np.array(jax.local_devices()), (ROWS,))


def whole_rows(count: int) -> int:
    """The next number of rows that all devices have the same share of."""
    return -(-count // local_mesh().size) * local_mesh().size


def spread(tree: Any) -> Any:
    """Arrays whose first axis is a batch: a share of it on each device.

    All of it on each where the rows do not come out even; `whole_rows` are those that do.
    """
    even = all(leaf.shape[0] % local_mesh().size == 0 for leaf in jax.tree.leaves(tree))
    return _put(tree, P(ROWS) if even else P())


def everywhere(tree: Any) -> Any:
    """Arrays that every device needs, such as weights: a copy on each."""
    return _put(tree, P())


def _put(tree: Any, places: P) -> Any:
    mesh = local_mesh()
    return tree if mesh.size == 1 else jax.device_put(tree, NamedSharding(mesh, places))
