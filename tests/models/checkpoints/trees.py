"""A tree's leaves, the files that hold them, and whether two trees are equal."""

from pathlib import Path

import flax.serialization
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

LAYERS = 3


def leaf(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def weights_of(path: Path) -> dict:
    """The tree of a file, or of a folder's only one, flat, as flax reads it."""
    file = path / "flax_model.msgpack" if path.is_dir() else path
    tree = flax.serialization.msgpack_restore(file.read_bytes())
    return flatten_dict(tree, sep="/")


def replace_weights(folder: Path, flat: dict) -> None:
    tree = unflatten_dict(flat, sep="/")
    (folder / "flax_model.msgpack").write_bytes(flax.serialization.msgpack_serialize(tree))


def assert_trees_equal(actual: dict, expected: dict, tolerance: float = 0) -> None:
    assert flatten_dict(actual).keys() == flatten_dict(expected).keys()
    for name, value in flatten_dict(expected, sep="/").items():
        np.testing.assert_allclose(
            np.asarray(flatten_dict(actual, sep="/")[name], np.float32),
            np.asarray(value, np.float32),
            rtol=tolerance,
            err_msg=name,
        )


def names_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
