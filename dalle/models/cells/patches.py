"""Between pictures and the squares that they are cut into."""

from jax import Array


def patchify(pixels: Array, side: int) -> Array:
    """[B, H, W, C] -> [B, H / side, W / side, side * side * C]."""
    rows, height, width, channels = pixels.shape
    x = pixels.reshape(rows, height // side, side, width // side, side, channels)
    return x.swapaxes(2, 3).reshape(rows, height // side, width // side, side * side * channels)


def square_means(pixels: Array, side: int) -> Array:
    """[B, H, W, C] -> [B, H / side, W / side, C]."""
    rows, height, width, channels = pixels.shape
    return pixels.reshape(rows, height // side, side, width // side, side, channels).mean((2, 4))


def unpatchify(squares: Array, side: int) -> Array:
    """[B, h, w, side * side * C] -> [B, h * side, w * side, C]."""
    rows, height, width, _ = squares.shape
    x = squares.reshape(rows, height, width, side, side, -1).swapaxes(2, 3)
    return x.reshape(rows, height * side, width * side, -1)
