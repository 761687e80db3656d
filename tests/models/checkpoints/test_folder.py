"""Weights in shards: read as others publish them, written, and never left half written."""

import json
from pathlib import Path

import flax.serialization
import jax
import jax.numpy as jnp
import pytest
import safetensors.numpy
from flax.traverse_util import unflatten_dict

from dalle.errors import CheckpointError
from dalle.models.checkpoints.checkpoint import read_params, write_params
from dalle.models.checkpoints.folder import list_folder, read_json, write_arrays
from tests.models.checkpoints.trees import (
    LAYERS,
    assert_trees_equal,
    leaf,
    names_of,
    weights_of,
)


@pytest.mark.parametrize("suffix", ["msgpack", "safetensors"])
def test_shards_are_read_together(folder, params, shapes, suffix):
    shard_weights(folder, suffix)
    assert_trees_equal(read_params(folder, shapes), params)


def shard_weights(folder: Path, suffix: str = "msgpack") -> None:
    stored = weights_of(folder)
    (folder / "flax_model.msgpack").unlink()
    stem = "flax_model" if suffix == "msgpack" else "model"
    weight_map = {}
    for index, names in enumerate([sorted(stored)[::2], sorted(stored)[1::2]], 1):
        part = {name: stored[name] for name in names}
        shard = folder / f"{stem}-0000{index}-of-00002.{suffix}"
        if suffix == "msgpack":
            tree = unflatten_dict(part, sep="/")
            shard.write_bytes(flax.serialization.msgpack_serialize(tree))
        else:
            safetensors.numpy.save_file(part, shard)
        weight_map |= dict.fromkeys(names, shard.name)
    index_file = folder / f"{stem}.{suffix}.index.json"
    index_file.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


@pytest.mark.parametrize("dtype", [jnp.int8, jnp.float16, jnp.float32])
@pytest.mark.parametrize("use_scan", [True, False])
def test_weights_are_written_in_shards(tmp_path, dtype, use_scan):
    layers = {
        f"FlaxBartDecoderLayer_{i}": {"fc": {"kernel": leaf(i, 64, 80)}, "bias": leaf(9 + i, 80)}
        for i in range(LAYERS)
    }
    params = {"layers": layers, "lm_head": {"kernel": leaf(3, 64, 90)}}
    shapes = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), params)
    write_params(tmp_path / "one", params, {"use_scan": use_scan}, dtype=dtype)
    assert names_of(tmp_path / "one") == ["config.json", "flax_model.msgpack"]
    (whole,) = (tmp_path / "one").glob("*.msgpack")

    limit = max(whole.stat().st_size * 3 // 4, 1000)
    folder = tmp_path / "many"
    write_params(folder, params, {"use_scan": use_scan}, dtype=dtype, shard_bytes=limit)
    shards = sorted(folder.glob("flax_model-*.msgpack"))
    assert names_of(folder) == [
        "config.json",
        "flax_model-00001-of-00002.msgpack",
        "flax_model-00002-of-00002.msgpack",
        "flax_model.msgpack.index.json",
    ]
    assert all(shard.stat().st_size <= limit for shard in shards)
    assert_trees_equal(read_params(folder, shapes), read_params(tmp_path / "one", shapes))
    # The index is the one that flax and transformers read: flat names with "/".
    index = read_json(folder / "flax_model.msgpack.index.json")
    stored = {name: shard.name for shard in shards for name in weights_of(shard)}
    assert index["weight_map"] == stored
    assert index["metadata"]["total_size"] == sum(
        value.nbytes for value in weights_of(whole).values()
    )


def test_a_file_that_grows_into_shards_and_back_leaves_nothing_behind(folder, params, shapes):
    write_params(folder, params, {}, shard_bytes=400)
    assert "flax_model.msgpack" not in names_of(folder)
    assert len(names_of(folder)) > 3
    more = jax.tree.map(lambda x: x + 1, params)
    write_params(folder, more, {}, shard_bytes=600)
    assert_trees_equal(read_params(folder, shapes), more)
    assert {name.partition("-of-")[2] for name in names_of(folder) if "-of-" in name} == {
        f"{len(names_of(folder)) - 2:05}.msgpack"
    }
    write_params(folder, params, {})
    assert names_of(folder) == ["config.json", "flax_model.msgpack"]
    assert_trees_equal(read_params(folder, shapes), params)


def test_an_interruption_leaves_no_mixture_of_shards(folder, params, shapes, monkeypatch):
    write_params(folder, params, {}, shard_bytes=400)
    replace = Path.replace

    def interrupted(path: Path, target: Path) -> Path:
        if "00002-of" in path.name:
            raise KeyboardInterrupt
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_params(folder, jax.tree.map(lambda x: x + 1, params), {}, shard_bytes=400)
    assert not list(folder.glob(".*"))
    with pytest.raises(CheckpointError, match="has no weights"):
        read_params(folder, shapes)


def test_an_array_larger_than_a_shard_is_not_written(tmp_path, params):
    with pytest.raises(ValueError, match=r"lm_head/kernel has 144 bytes, and a shard 150"):
        write_params(tmp_path, params, {}, shard_bytes=150)
    assert names_of(tmp_path) == []


def test_a_model_is_divided_without_changing_a_bit(folder, params, shapes):
    _, stored, _ = list_folder(folder)
    arrays = {name: array.read().copy() for name, array in stored.items()}
    write_arrays(folder, arrays, read_json(folder / "config.json"), shard_bytes=700)
    assert len(list(folder.glob("flax_model-*"))) == 2
    assert_trees_equal(read_params(folder, shapes), params)


@pytest.mark.parametrize("content", ["{", "[1]", "[" * 100_000])
def test_an_index_that_is_no_index(tmp_path, shapes, content):
    (tmp_path / "flax_model.msgpack.index.json").write_text(content)
    with pytest.raises(CheckpointError, match="download it again"):
        read_params(tmp_path, shapes)


@pytest.mark.parametrize("shard", ["../flax_model.msgpack", "/etc/passwd", 3, None])
def test_an_index_names_files_in_its_own_folder_only(tmp_path, shapes, shard):
    index = tmp_path / "flax_model.msgpack.index.json"
    index.write_text(json.dumps({"weight_map": {"a": shard}}))
    with pytest.raises(CheckpointError, match="files in its own folder"):
        read_params(tmp_path, shapes)


def test_a_shard_that_is_missing_or_there_twice(folder, shapes):
    shard_weights(folder)
    first, second = sorted(folder.glob("*.msgpack"))
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    with pytest.raises(CheckpointError, match="is in two files"):
        read_params(folder, shapes)
    first.write_bytes(content)
    second.unlink()
    with pytest.raises(CheckpointError, match="which the index names, is not there"):
        read_params(folder, shapes)
