"""int8 convolutions in a small VQGAN that was trained: its values have natural statistics.

`tests.models.vqgan.train_small` trains it. Its convolutions are narrower than those of a published
model, where longer sums average more rounding out.
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.generation.loading import load_clip_tokenizer
from dalle.generation.pictures import to_images, to_pixels
from dalle.generation.ranking.scoring import ClipScorer
from dalle.models import load_clip
from dalle.models.checkpoints.checkpoint import read_params
from dalle.models.convolutions import convolve
from dalle.models.loading import without
from dalle.models.vqgan.network import Vqgan, vqgan_shapes
from tests.models.vqgan.train_small import CODES, CONFIG, SHIPPED, prompts

CLIP = Path(__file__).parents[3] / "assets" / "nano" / "clip"
ENOUGH = 38  # dB
NEARLY = 0.15  # points of score; those of a prompt deviate by 0.9


@pytest.fixture(scope="module")
def decoded():
    """Of each prompt nine pictures in float32 and in int8, twice [9, H, W, 3]."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convolve, "WIDE_CHANNELS", CONFIG.ch)
        jax.clear_caches()
        shapes = without(vqgan_shapes(CONFIG), CONFIG.READERS)
        exact = Vqgan.from_params(CONFIG, read_params(SHIPPED, shapes))
        rounded = Vqgan.from_params(exact.config, exact.params, jnp.dtype(jnp.int8))
        codes = np.load(SHIPPED / CODES).astype(np.int32)
        yield [(np.asarray(exact.decode(c)), np.asarray(rounded.decode(c))) for c in codes]
    jax.clear_caches()


def test_pixels_stay_near(decoded):
    errors = [np.square(np.clip(one, 0, 1) - np.clip(other, 0, 1)).mean() for one, other in decoded]
    assert min(errors) > 0  # else nothing was rounded
    assert min(-10 * np.log10(errors)) >= ENOUGH


def test_the_ranking_changes_among_equals_alone(decoded):
    """CLIP's best of nine is the same, and pictures that change places were nearly equal."""
    clip = load_clip(CLIP)
    scorer = ClipScorer(clip, load_clip_tokenizer(CLIP, clip), None)
    pairs = np.triu_indices(9, 1)
    for (one, other), prompt in zip(decoded, prompts(), strict=True):
        exact, rounded = (
            scorer.of(to_images(to_pixels(pixels)), prompt)[:, 0] for pixels in (one, other)
        )
        assert exact.argmax() == rounded.argmax()
        before, after = ((s[:, None] - s)[pairs] for s in (exact, rounded))
        swapped = before * after < 0
        assert np.abs(before[swapped]).max(initial=0) <= NEARLY
