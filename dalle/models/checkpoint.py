"""Parameter trees and the files that hold them: `flax_model.msgpack`, or `model.safetensors`.

Names and shapes are compared first, from the files' headers, with those of the model that
config.json describes; every difference is in one error. Then the arrays are read one by one.
Nothing is ever unpickled.

A published file may hold its layers stacked (`FlaxBartDecoderLayers`, a leading layer axis) or
one by one (`FlaxBartDecoderLayer_0`, ...). In memory they are always one by one.
"""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax.serialization import msgpack_serialize
from flax.traverse_util import flatten_dict, unflatten_dict
from safetensors import SafetensorError, safe_open

from dalle.errors import CheckpointError
from dalle.models.msgpack_file import FLOATS, Name, StoredArray, list_msgpack
from dalle.models.quantised_file import join_scales, quantise

# In the order of preference; an index names the files of a model that is in several.
WEIGHT_FILES = (
    "flax_model.msgpack",
    "flax_model.msgpack.index.json",
    "model.safetensors",
    "model.safetensors.index.json",
)
SAFETENSORS_FLOATS = {"F16": "float16", "BF16": "bfloat16", "F32": "float32"}
LAYER = re.compile(r"(FlaxBart(?:Encoder|Decoder)Layer)_(\d+)")
STACKED = ("FlaxBartEncoderLayers", "FlaxBartDecoderLayers")
IMAGE_POSITIONS = ("model", "decoder", "embed_positions", "embedding")
LISTED = 10
MAX_JSON_BYTES = 32 * 2**20  # an index of a thousand arrays has a tenth of one MB

# What else a weight file may turn out to be, by its first bytes.
IMPOSTORS = (
    (rb"version https://git-lfs", "a git-lfs pointer instead of the weights; run `git lfs pull`"),
    (rb"PK\x03\x04", "a PyTorch file (a pickle); such files are never opened"),
    (rb"\x80[\x02-\x05]", "a pickle; such files are never opened"),
    (rb"\s*<", "a web page instead of the weights; download the file again"),
)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; CheckpointError where the file is missing or holds something else."""
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise CheckpointError(
                f"{path} has {path.stat().st_size:,} bytes; a description of a model has at most "
                f"{MAX_JSON_BYTES:,}. Is this the right file?"
            )
        published = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise CheckpointError(
            f"{path} is not there; a model's folder holds config.json and its weights "
            "(flax_model.msgpack or model.safetensors). Is this the right folder?"
        ) from None
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not JSON ({error}); download it again.") from None
    if not isinstance(published, dict):
        raise CheckpointError(f"{path} holds no JSON object; download it again.")
    return published


def read_params(
    folder: Path,
    shapes: dict[str, Any],
    *,
    dtype: jnp.dtype = jnp.float32,
    unread: tuple[str, ...] = (),
) -> dict[str, Any]:
    """A model's parameters as a tree like `shapes`: kernels in `dtype`, the rest in float32.

    The `unread` parts must be there, and are left out.
    CheckpointError tells all differences between the files and `shapes`.
    """
    expected = {name: leaf.shape for name, leaf in flatten_dict(shapes).items()}
    path, stored, fault = list_folder(Path(folder))
    stored = join_scales(stored)
    if any(is_stacked(name) for name in stored):
        expected = stack_shapes(expected)
    check_names_and_shapes(path, stored, expected, fault)
    leaves = {}
    for name, array in stored.items():
        if name[0] in unread:
            continue
        # The oldest files have a position that no image token ever takes; it is the last row.
        values = array.read()[: expected[name][0]] if name == IMAGE_POSITIONS else array.read()
        for leaf_name, leaf in unstack(name, values):
            # astype copies, so that no leaf keeps the file open; jnp.asarray would compile a
            # program for each shape.
            leaves[leaf_name] = jax.device_put(leaf.astype(leaf_dtype(leaf_name, dtype)))
    return unflatten_dict(leaves)


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
) -> None:
    """Write config.json and flax_model.msgpack as published, stacked where `use_scan` says so.

    int8 is for matrices, which then have their scales beside them; what is below the names in
    `exact` is float16 then. ValueError for a value that `dtype` cannot hold.
    """
    arrays = flatten_dict(params)
    if config.get("use_scan", False):
        arrays = stack_arrays(arrays)
    if jnp.dtype(dtype) == jnp.int8:
        finite = {name: cast(name, array, jnp.float32) for name, array in arrays.items()}
        arrays = quantise(finite, exact)
    else:
        arrays = {name: cast(name, array, dtype) for name, array in arrays.items()}
    contents = {
        "flax_model.msgpack": msgpack_serialize(unflatten_dict(arrays), in_place=True),
        "config.json": (json.dumps(config, indent=2, sort_keys=True) + "\n").encode(),
    }
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        # Renamed when whole, so that an interruption leaves the former file.
        temporary = folder / f".{name}.part"
        temporary.write_bytes(content)
        temporary.replace(folder / name)


def cast(name: Name, array: np.ndarray, dtype: jnp.dtype) -> np.ndarray:
    """The array in `dtype`; ValueError where that, or the array itself, is not finite."""
    with np.errstate(over="ignore"):
        result = np.asarray(array).astype(dtype)
    if not np.isfinite(result).all():
        raise ValueError(
            f"{'/'.join(name)} has values that are not finite in {jnp.dtype(dtype).name}; "
            "write bfloat16 or float32, or look at the training run."
        )
    return result


def stacked_name(name: Name) -> tuple[Name, int | None]:
    """The name that a layer's leaf has in a stacked file, and the layer."""
    for place, part in enumerate(name):
        if match := LAYER.fullmatch(part):
            return (*name[:place], match[1] + "s", *name[place + 1 :]), int(match[2])
    return name, None


def group_layers(leaves: dict[Name, Any]) -> dict[Name, list]:
    """Leaves by their stacked name, those of one name in the order of their layers."""
    groups: dict[Name, list] = {}
    for name in sorted(leaves, key=lambda name: stacked_name(name)[1] or 0):
        groups.setdefault(stacked_name(name)[0], []).append(leaves[name])
    return groups


def is_stacked(name: Name) -> bool:
    return any(part in STACKED for part in name)


def stack_shapes(shapes: dict[Name, tuple]) -> dict[Name, tuple]:
    groups = group_layers(shapes).items()
    return {name: (len(all_), *all_[0]) if is_stacked(name) else all_[0] for name, all_ in groups}


def stack_arrays(arrays: dict[Name, Any]) -> dict[Name, Any]:
    groups = group_layers(arrays).items()
    return {name: np.stack(all_) if is_stacked(name) else all_[0] for name, all_ in groups}


def unstack(name: Name, values: np.ndarray) -> Iterator[tuple[Name, np.ndarray]]:
    """The leaf itself, or one leaf a layer of a stacked one."""
    place = next((i for i, part in enumerate(name) if part in STACKED), None)
    if place is None:
        yield name, values
        return
    for layer, leaf in enumerate(values):
        yield (*name[:place], f"{name[place][:-1]}_{layer}", *name[place + 1 :]), leaf


def list_folder(folder: Path) -> tuple[Path, dict[Name, StoredArray], str]:
    """The weight file of a folder, its arrays by name, and what is wrong ("" if nothing)."""
    path = next((folder / name for name in WEIGHT_FILES if (folder / name).is_file()), None)
    if path is None:
        there = ", ".join(sorted(entry.name for entry in folder.glob("*"))[:LISTED]) or "nothing"
        raise CheckpointError(
            f"{folder} has no weights: there is {there}; flax_model.msgpack or model.safetensors "
            "is needed (pickled weights are never opened). Download the model again."
        )
    if path.suffix != ".json":
        return path, *list_file(path)
    stored: dict[Name, StoredArray] = {}
    for shard in shards_of(path):
        if not shard.is_file():
            return path, stored, f"{shard.name}, which the index names, is not there"
        arrays, fault = list_file(shard)
        if twice := stored.keys() & arrays.keys():
            fault = fault or f"{'/'.join(min(twice))} is in two files"
        stored |= arrays
        if fault:
            return path, stored, f"{shard.name}: {fault}"
    return path, stored, ""


def shards_of(index: Path) -> list[Path]:
    """The files that an index names, all in its own folder."""
    weight_map = read_json(index).get("weight_map")
    names = weight_map.values() if isinstance(weight_map, dict) else [None]
    if not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise CheckpointError(
            f"{index} must have a weight_map from arrays to files in its own folder; "
            "download it again."
        )
    return [index.parent / name for name in sorted(set(names))]


def list_file(path: Path) -> tuple[dict[Name, StoredArray], str]:
    """The arrays of one file by name, and what is wrong with it ("" if nothing)."""
    with path.open("rb") as file:
        start = file.read(100)
    if not start:
        return {}, "the file is empty; download it again"
    for mark, what in IMPOSTORS:
        if re.match(mark, start):
            return {}, f"the file is {what}"
    return list_msgpack(path) if path.suffix == ".msgpack" else list_safetensors(path)


def list_safetensors(path: Path) -> tuple[dict[Name, StoredArray], str]:
    """As list_file: flat names are divided at "/", or at "." where there is none."""
    try:
        file = safe_open(path, "np")
    except SafetensorError as error:
        return {}, f"the file is cut or damaged ({error}); download it again"
    stored = {}
    for flat in file.offset_keys():
        part = file.get_slice(flat)
        kind = part.get_dtype()
        name = tuple(flat.split("/" if "/" in flat else "."))
        stored[name] = StoredArray(
            tuple(part.get_shape()),
            SAFETENSORS_FLOATS.get(kind, kind),
            partial(file.get_tensor, flat),
        )
    return stored, ""


def fits(name: Name, array: StoredArray, shape: tuple) -> bool:
    if name == IMAGE_POSITIONS and array.shape[:1] == (shape[0] + 1,):
        shape = (shape[0] + 1, *shape[1:])
    return array.shape == tuple(shape) and array.dtype in FLOATS


def check_names_and_shapes(
    path: Path, stored: dict[Name, StoredArray], expected: dict[Name, tuple], fault: str
) -> None:
    """CheckpointError with all differences and their probable cause, if there is one."""
    missing = sorted(expected.keys() - stored.keys())
    unexpected = sorted(stored.keys() - expected.keys())
    common = sorted(expected.keys() & stored.keys())
    misfits = [name for name in common if not fits(name, stored[name], expected[name])]
    if not (fault or missing or unexpected or misfits):
        return
    lines = [
        f"{path} does not hold the model of its config.json: of {len(expected)} arrays "
        f"{len(missing)} missing, {len(misfits)} of another shape; {len(unexpected)} unexpected."
    ]
    if stored:
        lines += listed([f"- {'/'.join(name)} {list(expected[name])}" for name in missing])
        lines += listed([f"+ {'/'.join(name)} {list(stored[name].shape)}" for name in unexpected])
        lines += listed([difference(name, stored[name], expected[name]) for name in misfits])
    cause = fault or probable_cause(missing, unexpected, misfits, expected)
    raise CheckpointError("\n".join([*lines, f"Probable cause: {cause}."]))


def difference(name: Name, array: StoredArray, shape: tuple) -> str:
    strange = "" if array.dtype in FLOATS else f" {array.dtype}"
    return f"~ {'/'.join(name)}: file {list(array.shape)}{strange} != model {list(shape)}"


def listed(lines: list[str]) -> list[str]:
    rest = len(lines) - LISTED
    return [*lines[:LISTED], f"  ... and {rest} more of these"] if rest > 0 else lines


def probable_cause(missing: list, unexpected: list, misfits: list, expected: dict) -> str:
    if any(name[-1] == "weight" for name in unexpected):
        return "the file is in PyTorch's layout; take the one that is in Flax's"
    if len(missing) == len(expected):
        return "the file holds another model; take the weights that came with config.json"
    if misfits and not missing and not unexpected:
        return "the file holds this model in another size; take the weights of this config.json"
    return "an array was renamed, added or left out; take weights and config.json from one source"
