"""Parameter trees and the files that hold them: `flax_model.msgpack`, or `model.safetensors`.

Names and shapes are compared first, from the files' headers, with those of the model that
config.json describes; every difference is in one error. Then the arrays are read one by one.
Nothing is ever unpickled.

A published file may hold its layers stacked (`FlaxBartDecoderLayers`, a leading layer axis) or
one by one (`FlaxBartDecoderLayer_0`, ...). In memory they are always one by one.
"""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from dalle.errors import CheckpointError
from dalle.models.checkpoints.folder import SHARD_BYTES, list_folder, write_arrays
from dalle.models.checkpoints.mismatch import IMAGE_POSITIONS, check_names_and_shapes, listed
from dalle.models.checkpoints.msgpack import Name
from dalle.models.checkpoints.quantized import join_scales, quantize
from dalle.models.checkpoints.stacking import is_stacked, stack_arrays, stack_shapes, unstack


def read_params(
    folder: Path,
    shapes: dict[str, Any],
    *,
    dtype: jnp.dtype = jnp.float32,
    unread: tuple[str, ...] = (),
) -> dict[str, Any]:
    """A model's parameters as a tree like `shapes`: kernels in `dtype`, the rest in float32.

    The `unread` parts must be there, and are left out.
    CheckpointError tells all differences between the files and `shapes`, or all arrays that are
    not finite in `dtype`.
    """
    expected = {name: leaf.shape for name, leaf in flatten_dict(shapes).items()}
    path, stored, fault = list_folder(Path(folder))
    stored = join_scales(stored)
    if any(is_stacked(name) for name in stored):
        expected = stack_shapes(expected)
    check_names_and_shapes(path, stored, expected, fault)
    leaves, damaged = {}, {}
    for name, array in stored.items():
        if name[0] in unread:
            continue
        # The oldest files have a position that no image token ever takes; it is the last row.
        values = array.read()[: expected[name][0]] if name == IMAGE_POSITIONS else array.read()
        for leaf_name, leaf in unstack(name, values):
            # astype copies, so that no leaf keeps the file open; jnp.asarray would compile a
            # program for each shape.
            with np.errstate(over="ignore"):  # which is told with its name
                leaf = leaf.astype(leaf_dtype(leaf_name, dtype))
            if strange := count_not_finite(leaf):
                damaged[leaf_name] = strange, leaf.size
            leaves[leaf_name] = jax.device_put(leaf)
    refuse_damaged(path, damaged, len(leaves))
    return unflatten_dict(leaves)


def count_not_finite(values: np.ndarray) -> int:
    """How many values are infinite or no number."""
    return values.size - np.count_nonzero(np.isfinite(values))


def refuse_damaged(path: Path, damaged: dict[Name, tuple[int, int]], arrays: int) -> None:
    """CheckpointError with each array that holds values that are not finite, and how many."""
    if not damaged:
        return
    lines = [
        f"! {'/'.join(name)}: {count:,} of {size:,}" for name, (count, size) in damaged.items()
    ]
    raise CheckpointError(
        "\n".join(
            [
                f"{path} is damaged: {len(damaged)} of {arrays} arrays hold values that are "
                "infinite or no number.",
                *listed(lines),
                "Download the weights again, or look at the training run.",
            ]
        )
    )


def leaf_dtype(name: Name, dtype: jnp.dtype) -> jnp.dtype:
    """Kernels take the products' dtype; norms, biases and embeddings lose too much by rounding."""
    return dtype if name[-1] == "kernel" else jnp.float32


def write_params(
    folder: Path,
    params: dict[str, Any],
    config: dict[str, Any],
    *,
    dtype: jnp.dtype = jnp.float32,
    exact: tuple[str, ...] = (),
    bits: int = 8,
    shard_bytes: int = SHARD_BYTES,
) -> None:
    """Write config.json and flax_model.msgpack as published, stacked where `use_scan` says so.

    Weights that are larger than `shard_bytes` come in several files and an index (write_arrays).

    int8 is for matrices, which then have their scales beside them, in 8 or 6 `bits`; leaves below
    the names in `exact` are float16 then. ValueError for a value that `dtype` cannot hold.
    """
    arrays = flatten_dict(params)
    if config.get("use_scan", False):
        arrays = stack_arrays(arrays)
    if jnp.dtype(dtype) == jnp.int8:
        finite = {name: cast(name, array, jnp.float32) for name, array in arrays.items()}
        arrays = quantize(finite, exact, bits)
    else:
        arrays = {name: cast(name, array, dtype) for name, array in arrays.items()}
    write_arrays(folder, arrays, config, shard_bytes)


def cast(name: Name, array: np.ndarray, dtype: jnp.dtype) -> np.ndarray:
    """The array in `dtype`; ValueError where that, or the array itself, is not finite."""
    with np.errstate(over="ignore"):
        result = np.asarray(array).astype(dtype)
    if count_not_finite(result):
        raise ValueError(
            f"{'/'.join(name)} has values that are not finite in {jnp.dtype(dtype).name}; "
            "write bfloat16 or float32, or look at the training run."
        )
    return result
