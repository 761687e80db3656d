"""The files of a model's folder: config.json, and weights in one file or in shards.

Shards are as transformers publishes them (modeling_flax_utils.py, modeling_utils.py): files named
`flax_model-00001-of-00003.msgpack`, and an index `flax_model.msgpack.index.json` whose
`weight_map` says which array is in which file. Nothing is ever unpickled.
"""

import json
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from flax.serialization import msgpack_serialize
from flax.traverse_util import unflatten_dict
from safetensors import SafetensorError, safe_open

from dalle.errors import CheckpointError
from dalle.models.checkpoints.mismatch import LISTED
from dalle.models.checkpoints.msgpack import Name, StoredArray, list_msgpack

CONFIG = "config.json"
MSGPACK = "flax_model.msgpack"
INDEX = ".index.json"
# In the order of preference; an index names the files of a model that is in several.
WEIGHT_FILES = (MSGPACK, MSGPACK + INDEX, "model.safetensors", "model.safetensors" + INDEX)
SAFETENSORS_FLOATS = {"F16": "float16", "BF16": "bfloat16", "F32": "float32"}
MAX_JSON_BYTES = 32 * 2**20  # an index of a thousand arrays has a tenth of one MB

# Hubs and git hosts take a file of up to 10 MB as it is, without large file storage.
SHARD_BYTES = 9_500_000
HEADER_BYTES = 64  # of an array in a file, at most, without its name

# Other kinds of files, by their first bytes.
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
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read ({error.strerror}). Is this the right folder?"
        ) from None
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not JSON ({error}); download it again.") from None
    if not isinstance(published, dict):
        raise CheckpointError(f"{path} holds no JSON object; download it again.")
    return published


def weight_files(folder: Path) -> list[Path]:
    """The files that hold a folder's weights, an index before its shards; none if there are none.

    CheckpointError for an index that is none.
    """
    path = next((folder / name for name in WEIGHT_FILES if (folder / name).is_file()), None)
    if path is None:
        return []
    return [path, *shards_of(path)] if path.suffix == ".json" else [path]


def list_folder(folder: Path) -> tuple[Path, dict[Name, StoredArray], str]:
    """The weight file of a folder, its arrays by name, and its fault ("" if none)."""
    files = weight_files(folder)
    if not files:
        there = ", ".join(sorted(entry.name for entry in folder.glob("*"))[:LISTED]) or "nothing"
        raise CheckpointError(
            f"{folder} has no weights: there is {there}; flax_model.msgpack or model.safetensors "
            "is needed (pickled weights are never opened). Download the model again."
        )
    path, *shards = files
    if path.suffix != ".json":
        return path, *list_file(path)
    stored: dict[Name, StoredArray] = {}
    for shard in shards:
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
    """The arrays of one file by name, and its fault ("" if none)."""
    try:
        with path.open("rb") as file:
            start = file.read(100)
    except OSError as error:
        return {}, f"the file cannot be read ({error.strerror})"
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


def write_arrays(
    folder: Path,
    arrays: Mapping[Name, np.ndarray],
    config: Mapping[str, Any],
    shard_bytes: int = SHARD_BYTES,
) -> None:
    """Write config.json and the arrays as they are, in shards of at most `shard_bytes` each.

    All that fits in one file becomes `flax_model.msgpack`. ValueError for an array that is larger
    than a shard. An interruption leaves the former model, or one that is told to be incomplete.
    """
    shards = divide(arrays, shard_bytes)
    if len(shards) == 1:
        files = {MSGPACK: serialize(arrays, shards[0])}
    else:
        stem = MSGPACK.removesuffix(".msgpack")
        numbered = {
            f"{stem}-{number:05}-of-{len(shards):05}.msgpack": names
            for number, names in enumerate(shards, 1)
        }
        index = {
            "metadata": {"total_size": sum(array.nbytes for array in arrays.values())},
            "weight_map": {
                "/".join(name): file for file, names in numbered.items() for name in names
            },
        }
        files = {file: serialize(arrays, names) for file, names in numbered.items()}
        files[MSGPACK + INDEX] = to_json(index)  # the last: without it there are no weights
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    contents = {CONFIG: to_json(config), **files}
    parts = {folder / name: folder / f".{name}.part" for name in contents}
    whole = [folder / MSGPACK, folder / (MSGPACK + INDEX)]
    former = [*whole, *folder.glob("flax_model-?????-of-?????.msgpack")]
    former = [path for path in former if path not in parts]
    try:
        for part, content in zip(parts.values(), contents.values(), strict=True):
            part.write_bytes(content)
        if len(shards) > 1:
            # A mixture of old and new shards must not look like a model.
            for path in (*former, *whole):
                path.unlink(missing_ok=True)
        for path, part in parts.items():
            part.replace(path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    for path in former:
        path.unlink(missing_ok=True)


def divide(arrays: Mapping[Name, np.ndarray], shard_bytes: int) -> list[list[Name]]:
    """The names in the order of the arrays, cut where a file would be larger than a shard."""
    shards: list[list[Name]] = [[]]
    room = shard_bytes
    for name, array in arrays.items():
        size = array.nbytes + len("/".join(name)) + HEADER_BYTES
        if size > shard_bytes:
            raise ValueError(
                f"{'/'.join(name)} has {array.nbytes:,} bytes, and a shard {shard_bytes:,}; "
                "give larger shards, or leave use_scan out, so that layers are not stacked."
            )
        if size > room and shards[-1]:
            shards.append([])
            room = shard_bytes
        shards[-1].append(name)
        room -= size
    return shards


def serialize(arrays: Mapping[Name, np.ndarray], names: list[Name]) -> bytes:
    return msgpack_serialize(unflatten_dict({name: arrays[name] for name in names}), in_place=True)


def to_json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True) + "\n").encode()
