"""A small tree, and a folder that holds it."""

from pathlib import Path

import jax
import pytest

from dalle.models.checkpoints.checkpoint import write_params
from tests.models.checkpoints.trees import LAYERS, leaf


@pytest.fixture
def params() -> dict:
    """A tree with everything that the published ones have, one layer at a time."""
    layers = {
        f"FlaxBartDecoderLayer_{i}": {
            "FlaxBartAttention_0": {"q_proj": {"kernel": leaf(i, 4, 6)}},
            "LayerNorm_0": {"bias": leaf(10 + i, 4)},
        }
        for i in range(LAYERS)
    }
    decoder = {"embed_positions": {"embedding": leaf(20, 8, 4)}, "layers": layers}
    return {
        "lm_head": {"kernel": leaf(30, 4, 9)},
        "model": {"decoder": decoder},
        "logit_scale": leaf(40),
    }


@pytest.fixture
def shapes(params: dict) -> dict:
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), params)


@pytest.fixture
def folder(tmp_path: Path, params: dict) -> Path:
    write_params(tmp_path, params, {"use_scan": True})
    return tmp_path
