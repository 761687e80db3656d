"""The grids that pictures are made on: 8 x 8 cells of 24 pixels, one image token each.

Places are built from smaller blocks, which need not fit the cells: a ground is one token.
"""

import numpy as np

CELL = 24  # pixels
CELLS = 8
SIDE = CELL * CELLS  # 192 pixels

BLOCK = 16  # pixels
BLOCKS = SIDE // BLOCK

COVERING = 0.3  # of a cell


def lay(
    foreground: np.ndarray,
    sprite: np.ndarray,
    column: int,
    row: int,
    cell: int = CELL,
    whole: bool = False,
) -> None:
    """Composes a cut-out [side, side, 4] onto the things [H, W, 4], in place, at a cell.

    With `whole` every cell belongs to one of them: to the cut-out where it covers COVERING of the
    cell, or nothing else is there. So both keep the codes that they have alone.
    """
    side = len(sprite)
    view = foreground[row * cell : row * cell + side, column * cell : column * cell + side]
    covered = view[..., 3].any()
    if not covered:
        view[:] = sprite
        return
    if whole:
        cells = (side // cell, cell, side // cell, cell)
        covers = (sprite[..., 3].reshape(cells) / 255).mean((1, 3), keepdims=True) >= COVERING
        empty = ~view[..., 3].reshape(cells).any((1, 3), keepdims=True)
        taken = np.broadcast_to(covers | empty, cells).reshape(side, side, 1)
        view[:] = np.where(taken, sprite, view)
        return
    upper, lower = sprite.astype(np.float32) / 255, view.astype(np.float32) / 255
    alpha = upper[..., 3:] + lower[..., 3:] * (1 - upper[..., 3:])
    colour = upper[..., :3] * upper[..., 3:] + lower[..., :3] * lower[..., 3:] * (
        1 - upper[..., 3:]
    )
    colour = np.divide(colour, alpha, out=np.zeros_like(colour), where=alpha > 0)
    view[:] = (np.concatenate([colour, alpha], -1) * 255).round()


def over(foreground: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """Things [H, W, 4] before a ground [H, W, 3], all uint8."""
    alpha = foreground[..., 3:].astype(np.uint16)
    mixed = foreground[..., :3] * alpha + ground * (255 - alpha) + 128
    return ((mixed + (mixed >> 8)) >> 8).astype(np.uint8)  # exact division by 255
