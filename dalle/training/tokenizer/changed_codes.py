"""Codes with mistakes: a sequence model samples a wrong cell now and then.

A decoder that learns from them draws the whole thing all the same.
"""

import jax
import jax.numpy as jnp
from jax import Array

from dalle.models.cells.network import CellNetwork

ASTRAY = 0.7  # of the length of a cell's vector: how far a changed one is from it


def change_cells(
    network: CellNetwork, codes: dict, tokens: Array, share: float, key: Array
) -> Array:
    """Codes [B, T] with a `share` of half of the pictures' cells changed: to a like one, or any."""
    header, cells = network.apply({"params": {"codes": codes}}, tokens, method="split")
    keys = jax.random.split(key, 5)
    likely = share * jax.random.bernoulli(keys[0], 0.5, (len(cells), 1, 1))
    changed = jax.random.uniform(keys[1], cells.shape) < likely
    centres = codes["embedding"]["embedding"]
    vectors = centres[cells]
    length = jnp.sqrt(jnp.square(vectors).mean(-1, keepdims=True))
    astray = vectors + ASTRAY * length * jax.random.normal(keys[2], vectors.shape)
    like = (astray @ centres.T - jnp.square(centres).sum(-1) / 2).argmax(-1)
    others = jax.random.permutation(keys[3], cells.reshape(-1)).reshape(cells.shape)
    other = jnp.where(jax.random.bernoulli(keys[4], 0.6, cells.shape), like, others)
    cells = jnp.where(changed, other, cells).astype(cells.dtype)
    return network.apply({"params": {"codes": codes}}, header, cells, method="join")
