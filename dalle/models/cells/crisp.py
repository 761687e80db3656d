"""Makes drawn things twice as large, with outlines and inner edges as crisp as drawings have them.

Drawings are shapes of even colour. So opacity is taken for the blurred picture of a hard outline.
Where colours change fast, each pixel takes the colour of the nearer side: a shock filter. Its
directions are chosen once, on a smooth picture, so that edges come out smooth too.

Source: shock filters, S. Osher and L. Rudin, doi.org/10.1137/0727053.
"""

from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from dalle.models.resampling import twice

OUTLINE_BLUR, OUTLINE = 1.1, 0.47  # pixels before; opacity there
SPREAD = 2.0  # pixels that colours reach beyond an outline
CLEAR = 0.05  # the least opacity that anything is divided by
GUIDE_BLUR = 2.4  # pixels of the large picture
# Of plain pictures, and of those in a look, which finds the edges by itself: crisper ones break up.
HARDNESS = 16.0, 8.0  # slope of opacity at an outline
STEEP = 0.04, 0.05  # change of colours, over two pixels, from which on an edge is made crisp
REACH = 10, 4  # pixels that an edge is made narrower by, on each side
SOFTNESS = 0.7  # pixels of the blur at the end, in a look
NEIGHBOURS = ((1, 0), (-1, 0), (0, 1), (0, -1))


def enlarge(layer: Array, plain: Array) -> Array:
    """Layers [B, H, W, 4] in the form of `to_layer` -> [B, 2 H, 2 W, 4]; `plain` is [B] bool."""
    plain = plain[:, None, None, None]
    opacity = jnp.clip(2 * layer[..., 3:], 0, 1)
    outline = twice(blur(opacity, OUTLINE_BLUR)) - OUTLINE
    outline = jnp.clip(jnp.where(plain, *HARDNESS) * outline + 0.5, 0, 1)
    colours = narrow_edges(twice(spread_colours(layer[..., :3], opacity)), plain)
    return jnp.concatenate([colours * outline, 0.5 * outline], -1)


def spread_colours(premultiplied: Array, opacity: Array) -> Array:
    """Colours around 0 as if all were opaque: beyond an outline as near it, [B, H, W, 3]."""
    own = premultiplied / jnp.maximum(opacity, CLEAR)
    weight = jnp.square(opacity) + 1e-4
    near = blur(jnp.concatenate([own * weight, weight], -1), SPREAD)
    known = jnp.clip(4 * opacity - 2, 0, 1)
    colours = known * own + (1 - known) * near[..., :3] / near[..., 3:]
    return jnp.clip(colours, -0.5, 0.5)


def narrow_edges(colours: Array, plain: Array) -> Array:
    """The same picture [B, H, W, 3] with each edge a step; `plain` is [B, 1, 1, 1]."""
    guide = blur(colours.sum(-1, keepdims=True), GUIDE_BLUR)
    around = neighbours(guide)
    most, least = reduce(jnp.maximum, around), reduce(jnp.minimum, around)
    # Above the middle of an edge a surface curves downwards.
    source = jnp.where(sum(around) < 4 * guide, most, least)
    steep = most - least > jnp.where(plain, *STEEP)
    taken = [(each == source) & steep for each in around]
    reach = jnp.where(plain, *REACH)

    def step(number: int, colours: Array) -> Array:
        return jnp.select([each & (number < reach) for each in taken], neighbours(colours), colours)

    colours = jax.lax.fori_loop(0, reach.max(), step, colours)

    def soften(colours: Array) -> Array:
        return jnp.where(plain, colours, blur(colours, SOFTNESS))

    return jax.lax.cond(plain.all(), lambda colours: colours, soften, colours)


def neighbours(pixels: Array) -> list[Array]:
    """The neighbours below, above, right and left of each pixel: four of [B, H, W, C]."""
    height, width = pixels.shape[1:3]
    padded = jnp.pad(pixels, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    return [
        padded[:, 1 + down : 1 + down + height, 1 + right : 1 + right + width]
        for down, right in NEIGHBOURS
    ]


def blur(pixels: Array, deviation: float) -> Array:
    """A Gaussian blur of pictures [B, H, W, C]."""
    reach = int(np.ceil(2.5 * deviation))
    weights = np.exp(-np.square(np.arange(-reach, reach + 1) / deviation) / 2)
    weights = (weights / weights.sum()).tolist()
    for axis in (1, 2):
        size = pixels.shape[axis]
        edges = [(reach, reach) if i == axis else (0, 0) for i in range(4)]
        padded = jnp.pad(pixels, edges, mode="edge")
        pixels = sum(
            weight * jax.lax.slice_in_dim(padded, start, start + size, axis=axis)
            for start, weight in enumerate(weights)
        )
    return pixels
