"""Our networks have exactly the parameters of the published files.

Each file in `trees/` lists what a published model holds: name, shape and dtype of every array,
layers stacked as in the file. They were derived apart from our code: the DALL·E and CLIP lists
from the trees in `tests/fixtures`, which the original implementations wrote, with the sizes of
the published config.json in the place of the small ones; the VQGAN's from its description.
"""

import math
from pathlib import Path

import pytest
from flax.traverse_util import flatten_dict

from dalle.models.checkpoints.stacking import stack_shapes
from dalle.models.hub.registry import GEOMETRIES
from dalle.models.loading import read_geometry

TREES = Path(__file__).parent / "trees"
PUBLISHED = [
    ("mini", "bart", 437_833_712),
    ("mega", "bart", 2_587_521_024),
    ("vqgan_f16_16384", "vqgan", 76_073_859),
    ("clip_vit_base_patch32", "clip", 151_277_313),
]


@pytest.mark.parametrize(("name", "part", "parameters"), PUBLISHED)
def test_the_tree_is_the_published_one(name, part, parameters):
    config, shapes = read_geometry(GEOMETRIES / f"{name}.json", part)
    leaves = {path: leaf.shape for path, leaf in flatten_dict(shapes).items()}
    assert sum(math.prod(shape) for shape in leaves.values()) == parameters

    if getattr(config, "use_scan", False):
        leaves = stack_shapes(leaves)
    lines = [f"{'/'.join(path)} {list(shape)} float32" for path, shape in sorted(leaves.items())]
    assert lines == (TREES / f"{name}.txt").read_text().splitlines()
