"""Lets cells that were drawn one by one run into each other: no step is left where two meet.

The difference along a border is shared out on both sides. The broad part fades over half a cell,
since one of the cells is too bright as a whole; the rest fades over a few pixels. Source: the idea
of a deblocking filter, ITU-T H.264, section 8.7.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

BROAD = 4  # pixels on each side along the border, whose mean difference is the broad one
LARGEST = 0.2  # broad difference; larger differences are edges of the thing
NARROW = 3  # pixels from the border, over which the rest fades


def join_cells(layer: Array, cell: int) -> Array:
    """[B, H, W, C] of square cells -> the same without steps at their borders."""
    return _join(_join(layer, cell, 1), cell, 2)


def _join(layer: Array, cell: int, axis: int) -> Array:
    x = jnp.moveaxis(layer, axis, 1)
    cells = x.reshape(len(x), -1, cell, *x.shape[2:])  # [B, h, cell, W, C]
    step = cells[:, 1:, 0] - cells[:, :-1, -1]  # [B, h - 1, W, C]
    broad = jnp.clip(_means_along(step), -LARGEST, LARGEST)
    after = _fade(broad, cell, cell / 2) + _fade(step - broad, cell, NARROW)
    before = jnp.pad(after[:, :, ::-1], ((0, 0), (0, 1), (0, 0), (0, 0), (0, 0)))
    after = jnp.pad(after, ((0, 0), (1, 0), (0, 0), (0, 0), (0, 0)))
    return jnp.moveaxis((cells + before - after).reshape(x.shape), 1, axis)


def _means_along(step: Array) -> Array:
    """Of each place of a border the mean of those around it, [B, h, W, C]."""
    size = step.shape[2]
    places = np.arange(size)[:, None] + np.arange(-BROAD, BROAD + 1)
    return sum(jnp.take(step, place.clip(0, size - 1), axis=2) for place in places.T) / len(
        places[0]
    )


def _fade(step: Array, cell: int, pixels: float) -> Array:
    """Half of each step at the border, and less and less from there: [B, h, cell, W, C]."""
    strength = np.clip(1 - np.arange(cell) / pixels, 0, 1).astype(np.float32) / 2
    return step[:, :, None] * strength[None, None, :, None, None]
