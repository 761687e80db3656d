"""int8 convolutions in a small VQGAN that was trained: its values have natural statistics."""

import numpy as np
import pytest

from tests.benchmarks.rounding import decode, narrow_convolutions, psnr, scores, swapped

ENOUGH = 38  # dB
NEARLY = 0.15  # points of score; those of a prompt deviate by 0.9


@pytest.fixture(scope="module")
def decoded() -> tuple[np.ndarray, np.ndarray]:
    """Nine pictures of each prompt in float32 and in int8."""
    with narrow_convolutions():
        return decode("float32"), decode("int8")


def test_pixels_stay_near(decoded):
    exact, rounded = decoded
    assert (exact != rounded).any((1, 2, 3, 4)).all()  # else nothing was rounded
    assert psnr(rounded, exact).min() >= ENOUGH


def test_the_ranking_changes_among_equals_alone(decoded):
    """CLIP's best of nine is the same, and pictures that change places were nearly equal."""
    exact, rounded = map(scores, decoded)
    assert (exact.argmax(1) == rounded.argmax(1)).all()
    for rows in zip(exact, rounded, strict=True):
        assert swapped(*rows).max(initial=0) <= NEARLY
