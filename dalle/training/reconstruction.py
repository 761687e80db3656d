"""How bad a drawn picture looks beside the one that it should be."""

import jax.numpy as jnp
from jax import Array


def coarse(x: Array) -> Array:
    """Means of 8x8 pixels: [B, H, W, C] -> [B, H / 8, W / 8, C]."""
    rows, height, width, channels = x.shape
    return x.reshape(rows, height // 8, 8, width // 8, 8, channels).mean((2, 4))


def reconstruction_loss(error: Array) -> Array:
    """Of a picture's error, [B, H, W, 3] or with opacity [B, H, W, 4]: pixels, colours, edges.

    Errors are also counted in opponent colours and on coarse means, else pure colours turn grey.
    """
    red, green, blue = error[..., 0], error[..., 1], error[..., 2]
    colours = jnp.abs(red - green).mean() + jnp.abs((red + green) / 2 - blue).mean()
    edges = jnp.abs(jnp.diff(error, axis=1)).mean() + jnp.abs(jnp.diff(error, axis=2)).mean()
    pixels = jnp.abs(error).mean() + 2 * jnp.square(error).mean()
    return pixels + 0.5 * colours + 0.5 * jnp.abs(coarse(error)).mean() + 0.5 * edges
