"""What CLIP learns to tell from the right picture and the right caption."""

import numpy as np

from dalle.training.broken import break_codes
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


def test_broken_pictures_keep_their_header_and_are_never_whole():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 900, (40, 4 + 64))
    codes[:, :4] += 1000
    codes[0, 4:] = 0  # nothing stands in it: only another picture can break it
    codes[1, 4:] = codes[2, 4:]
    broken = break_codes(codes, 8, rng)
    np.testing.assert_array_equal(broken[:, :4], codes[:, :4])
    changed = (broken != codes)[:, 4:].sum(1)
    assert changed.min() >= 3
    # A part of a picture stays, mostly.
    assert np.median(changed) < 50
