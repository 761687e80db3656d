"""The codes that k-means finds."""

import numpy as np
import pytest

from dalle.training.tokenizer.codes import find_centres


def test_every_code_is_used_and_few_cells_are_refused():
    vectors = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32)
    centres = find_centres(vectors, np.ones(500, np.float32), 20, seed=0)
    distances = np.square(vectors[:, None] - centres).sum(-1)
    assert len(np.unique(distances.argmin(1))) == 20
    assert distances.min(1).mean() < 0.5 * np.square(vectors).sum(1).mean()
    with pytest.raises(ValueError, match="500 different cells for 600 codes; show more pictures"):
        find_centres(vectors, np.ones(500, np.float32), 600, seed=0)
