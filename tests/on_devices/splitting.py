"""A decoder cut into parts for several devices: what a model too large for one of them needs."""

from typing import Any

import jax
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from dalle.models.bart.decoding import DecoderWeights

PARTS = "parts"  # an axis of the mesh


def split_decoder(weights: DecoderWeights, mesh: Mesh) -> DecoderWeights:
    """Where a decoder's arrays go when its kernels [out, in] are cut along `out`, over PARTS.

    A tree of shardings, for jax.device_put; what does not divide evenly stays whole. Keys and
    values [R, A, T, K] belong to P("rows", PARTS) then.
    """

    def place(path: tuple, leaf: Any) -> NamedSharding:
        kernel = getattr(path[-1], "key", None) == "kernel"
        cut = kernel and leaf.shape[0] % mesh.shape[PARTS] == 0
        return NamedSharding(mesh, P(PARTS) if cut else P())

    return jax.tree_util.tree_map_with_path(place, weights)
