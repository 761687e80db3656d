"""Weights stored as int8 with a scale a column (a row, of an embedding): half the bytes of float16.

An array `kernel` [.., in, out] in int8 has a `kernel_scale` [.., 1, out] beside it, an `embedding`
[rows, D] an `embedding_scale` [rows, 1]; their product is the weight. Reading gives floats.

In 6 bits four numbers share three bytes: `kernel_packed` [.., in * 3 / 4, out] beside the scale.
"""

from functools import partial

import numpy as np

from dalle.models.checkpoints.msgpack import FLOATS, Name, StoredArray

SCALE = "_scale"
PACKED = "_packed"
LARGEST = {8: 127, 6: 31}  # by bits
SMALLEST_ARRAY = 4096  # values: scales would save nothing below


def shared_axis(name: Name) -> int:
    """The axis along which all values share a scale."""
    return -1 if name[-1] == "embedding" else -2


def scale_name(name: Name) -> Name:
    return (*name[:-1], name[-1] + SCALE)


def quantize(
    arrays: dict[Name, np.ndarray], exact: tuple[str, ...] = (), bits: int = 8
) -> dict[Name, np.ndarray]:
    """Matrices as int8 with their scales beside them; the rest, and `exact` leaves, as float16.

    With 6 `bits` a matrix is packed where its shared axis can be divided by four.
    """
    result = {}
    for name, array in arrays.items():
        values = np.asarray(array, np.float32)
        if values.ndim < 2 or values.size < SMALLEST_ARRAY or not set(exact).isdisjoint(name):
            result[name] = values.astype(np.float16)
            continue
        axis = shared_axis(name)
        packed = bits == 6 and values.shape[axis] % 4 == 0
        limit = LARGEST[6 if packed else 8]
        largest = np.abs(values).max(axis, keepdims=True)
        # Rounded first, so that divisor and later factor are the same number.
        scale = np.maximum(largest / limit, 1e-7).astype(np.float16)
        steps = np.round(values / scale.astype(np.float32)).clip(-limit, limit).astype(np.int8)
        if packed:
            result[(*name[:-1], name[-1] + PACKED)] = pack(steps, axis)
        else:
            result[name] = steps
        result[scale_name(name)] = scale
    return result


def join_scales(stored: dict[Name, StoredArray]) -> dict[Name, StoredArray]:
    """The arrays of a file as floats: each int8 array takes its scale in, where it has one."""
    joined = dict(stored)
    for name, array in stored.items():
        if array.dtype == "int8" and name[-1].endswith(PACKED):
            whole = (*name[:-1], name[-1].removesuffix(PACKED))
            if unpacked := unpack_stored(whole, array):
                del joined[name]
                joined[whole] = unpacked
    stored = dict(joined)
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


def pack(steps: np.ndarray, axis: int) -> np.ndarray:
    """Whole numbers of -31 to 31, int8 -> bytes, three for each four along the axis, as int8."""
    four = np.moveaxis(steps, axis, -1).astype(np.int32) + 32
    four = four.reshape(*four.shape[:-1], -1, 4)
    word = four @ (1 << np.array([18, 12, 6, 0]))
    three = np.stack([word >> 16, word >> 8, word], -1).astype(np.uint8)
    return np.moveaxis(three.reshape(*three.shape[:-2], -1), -1, axis).view(np.int8)


def unpack(packed: np.ndarray, axis: int) -> np.ndarray:
    """The reverse of `pack`."""
    three = np.moveaxis(packed, axis, -1).view(np.uint8).astype(np.int32)
    three = three.reshape(*three.shape[:-1], -1, 3)
    word = three @ (1 << np.array([16, 8, 0]))
    four = np.stack([word >> 18, word >> 12, word >> 6, word], -1) & 63
    steps = four.reshape(*four.shape[:-2], -1) - 32
    return np.moveaxis(steps, -1, axis).astype(np.int8)


def unpack_stored(name: Name, array: StoredArray) -> StoredArray | None:
    """The int8 array in a packed one; None where the bytes can't be three for each four."""
    axis, shape = shared_axis(name), list(array.shape)
    if len(shape) < 2 or shape[axis] % 3:
        return None
    shape[axis] = shape[axis] // 3 * 4
    return StoredArray(tuple(shape), "int8", lambda: unpack(array.read(), axis))


def multiply(array: StoredArray, scale: StoredArray) -> np.ndarray:
    return array.read().astype(np.float32) * scale.read().astype(np.float32)
