"""Weights stored as int8 with a scale a column (a row, of an embedding): half the bytes of float16.

An array `kernel` [.., in, out] in int8 has a `kernel_scale` [.., 1, out] beside it, an `embedding`
[rows, D] an `embedding_scale` [rows, 1]; their product is the weight. Reading gives floats.
"""

from functools import partial

import numpy as np

from dalle.models.msgpack_file import FLOATS, Name, StoredArray

SCALE = "_scale"
LARGEST = 127
SMALLEST_ARRAY = 4096  # values: scales would save nothing below


def shared_axis(name: Name) -> int:
    """The axis along which all values share a scale."""
    return -1 if name[-1] == "embedding" else -2


def scale_name(name: Name) -> Name:
    return (*name[:-1], name[-1] + SCALE)


def quantise(arrays: dict[Name, np.ndarray], exact: tuple[str, ...] = ()) -> dict[Name, np.ndarray]:
    """Matrices as int8 with their scales beside them; the rest, and what is `exact`, as float16."""
    result = {}
    for name, array in arrays.items():
        values = np.asarray(array, np.float32)
        if values.ndim < 2 or values.size < SMALLEST_ARRAY or not set(exact).isdisjoint(name):
            result[name] = values.astype(np.float16)
            continue
        largest = np.abs(values).max(shared_axis(name), keepdims=True)
        # Rounded first, so that what is divided by is what will be multiplied with.
        scale = np.maximum(largest / LARGEST, 1e-7).astype(np.float16)
        steps = np.round(values / scale.astype(np.float32))
        result[name] = steps.clip(-LARGEST, LARGEST).astype(np.int8)
        result[scale_name(name)] = scale
    return result


def join_scales(stored: dict[Name, StoredArray]) -> dict[Name, StoredArray]:
    """The arrays of a file as floats: each int8 array takes its scale in, where it has one."""
    joined = dict(stored)
    for name, array in stored.items():
        scale = stored.get(scale_name(name))
        if array.dtype != "int8" or scale is None or scale.dtype not in FLOATS:
            continue
        shape = list(array.shape)
        shape[shared_axis(name)] = 1
        if scale.shape == tuple(shape):
            joined[name] = StoredArray(array.shape, "float32", partial(multiply, array, scale))
            del joined[scale_name(name)]
    return joined


def multiply(array: StoredArray, scale: StoredArray) -> np.ndarray:
    return array.read().astype(np.float32) * scale.read().astype(np.float32)
