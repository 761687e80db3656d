"""A picture that the tiny model drew, for all tests of what goes on with it."""

import numpy as np
import pytest
from PIL import Image

from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Picture
from tests.generation.conftest import TINY_CELLS


@pytest.fixture(scope="session")
def picture(pipeline: Pipeline) -> Picture:
    return pipeline.generate("a red apple", seed=42).pictures[0]


@pytest.fixture(scope="module")
def corner() -> np.ndarray:
    """A mask over the lower right quarter."""
    mask = np.zeros((TINY_CELLS.resolution, TINY_CELLS.resolution), bool)
    mask[TINY_CELLS.resolution // 2 :, TINY_CELLS.resolution // 2 :] = True
    return mask


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """A picture that no model drew."""
    generator = np.random.default_rng(0)
    coarse = Image.fromarray(generator.integers(0, 256, (6, 6, 3), np.uint8))
    return coarse.resize((90, 90), Image.Resampling.BICUBIC)
