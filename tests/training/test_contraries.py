"""Captions with one word changed, which CLIP learns to tell from the right ones."""

import numpy as np

from dalle.training.clip import contrary


def test_a_contrary_caption_differs_in_one_telling_word():
    rng = np.random.default_rng(0)
    made = {contrary("two cats on a light blue background", rng) for _ in range(60)} - {""}
    assert len(made) > 10
    for caption in made:
        # Either the number or the colour is another one, and the rest is as it was.
        assert ("two cats" in caption) != ("light blue background" in caption), caption
        assert caption.endswith(" background")
        assert " cats on a " in caption
    assert contrary("a cat", rng) == ""
