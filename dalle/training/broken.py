"""Pictures in which cells are wrong, as a network draws them that changed its mind on the way.

The ranking has to know them: they show the colours and most of the parts that were asked for.
"""

import numpy as np

LEAST_CHANGED = 3  # cells; with fewer a picture is as good as before
MOST = 0.6  # of the cells


def break_codes(codes: np.ndarray, grid: int, rng: np.random.Generator) -> np.ndarray:
    """Codes [B, T] -> the same pictures with some of the last grid x grid codes wrong, [B, T].

    They come from another picture of the batch or from the same one, a cell aside; from a cell on
    in the order of drawing, or here and there. Where that changes too little, it is all another's.
    """
    header, cells = codes[:, : -(grid**2)], codes[:, -(grid**2) :]
    pictures = cells.reshape(-1, grid, grid)
    aside = np.stack([
        np.roll(picture, (rng.choice((-1, 1)), rng.choice((-1, 0, 1))), (1, 0))
        for picture in pictures
    ]).reshape(cells.shape)  # fmt: skip
    others = np.roll(cells, 1, axis=0)
    own = rng.random((len(cells), 1)) < 0.5
    wrong = np.where(own, aside, others)

    places = np.arange(cells.shape[1])
    onwards = places >= rng.integers(cells.shape[1] // 4, 3 * cells.shape[1] // 4, (len(cells), 1))
    scattered = rng.random(cells.shape) < rng.uniform(MOST / 4, MOST, (len(cells), 1))
    taken = np.where(rng.random((len(cells), 1)) < 0.5, onwards, scattered)
    broken = np.where(taken, wrong, cells)
    changed = (broken != cells).sum(1, keepdims=True) >= LEAST_CHANGED
    return np.concatenate([header, np.where(changed, broken, others)], 1)
