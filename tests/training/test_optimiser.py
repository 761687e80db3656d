"""The learning rate over a run, and the steps that Muon takes."""

import jax.numpy as jnp
import numpy as np
import pytest

from dalle.training.optimiser import orthogonalise
from dalle.training.run import learning_rate


def test_the_learning_rate_rises_stays_and_falls():
    rate = learning_rate(1.0, warmup=10, steps=100, cooldown=0.2)
    assert rate(5) == pytest.approx(0.5)
    assert rate(10) == rate(79) == 1.0
    assert rate(90) < 0.6
    assert rate(100) == pytest.approx(0.02)


def test_muon_moves_all_directions_about_equally_far():
    matrix = np.random.default_rng(0).normal(size=(24, 40)) @ np.diag(np.geomspace(1, 50, 40))
    for given in (matrix, matrix.T):
        before = np.linalg.svd(given, compute_uv=False)
        after = np.linalg.svd(np.asarray(orthogonalise(jnp.asarray(given))), compute_uv=False)
        assert before[0] > 10 * before[-1]
        assert after.min() > 0.4
        assert after.max() < 1.4
