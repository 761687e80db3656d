"""Files to trees and back: every form that is read, and what is said of every wrong file."""

import pickle
from pathlib import Path

import flax.serialization
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy
from flax.traverse_util import flatten_dict, unflatten_dict

from dalle.errors import CheckpointError
from dalle.models.checkpoints.checkpoint import read_params, write_params
from dalle.models.checkpoints.folder import read_json
from tests.models.checkpoints.trees import (
    LAYERS,
    assert_trees_equal,
    leaf,
    replace_weights,
    weights_of,
)

FIXTURES = Path(__file__).parents[2] / "fixtures"


# Half of the spacing of the numbers with 11, 8 and 24 significant bits.
@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(jnp.float16, 2**-11), (jnp.bfloat16, 2**-8), (jnp.float32, 0)],
)
@pytest.mark.parametrize("use_scan", [True, False])
def test_written_trees_are_read_back(tmp_path, params, shapes, use_scan, dtype, tolerance):
    write_params(tmp_path, params, {"use_scan": use_scan}, dtype=dtype)

    stored = weights_of(tmp_path)
    assert {value.dtype for value in stored.values()} == {np.dtype(dtype)}
    assert any("FlaxBartDecoderLayers" in name for name in stored) == use_scan
    assert read_json(tmp_path / "config.json") == {"use_scan": use_scan}

    read = read_params(tmp_path, shapes)
    assert {value.dtype for value in jax.tree.leaves(read)} == {np.dtype(np.float32)}
    assert_trees_equal(read, params, tolerance)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "flax_model.msgpack"]


def test_stacked_layers_have_a_leading_layer_axis(folder, params):
    stacked = weights_of(folder)["model/decoder/layers/FlaxBartDecoderLayers/LayerNorm_0/bias"]
    layers = params["model"]["decoder"]["layers"]
    for i in range(LAYERS):
        np.testing.assert_array_equal(
            stacked[i], layers[f"FlaxBartDecoderLayer_{i}"]["LayerNorm_0"]["bias"]
        )


def test_more_than_ten_layers_keep_their_order(tmp_path):
    layers = {f"FlaxBartEncoderLayer_{i}": {"bias": np.full(2, i, np.float32)} for i in range(12)}
    write_params(tmp_path, {"layers": layers}, {"use_scan": True})
    read = read_params(tmp_path, jax.eval_shape(lambda: {"layers": layers}))
    assert_trees_equal(read, {"layers": layers})


def test_only_kernels_take_the_dtype_of_the_products(folder, shapes):
    for name, value in flatten_dict(read_params(folder, shapes, dtype=jnp.bfloat16)).items():
        assert value.dtype == (jnp.bfloat16 if name[-1] == "kernel" else jnp.float32)


def test_an_old_file_has_one_more_image_position(folder, params, shapes):
    stored = weights_of(folder)
    name = "model/decoder/embed_positions/embedding"
    stored[name] = np.concatenate([stored[name], np.full((1, 4), 7, np.float32)])
    replace_weights(folder, stored)
    assert_trees_equal(read_params(folder, shapes), params)


def test_arrays_above_the_limit_of_msgpack_come_in_chunks(folder, params, shapes, monkeypatch):
    stored = weights_of(folder)
    monkeypatch.setattr(flax.serialization, "MAX_CHUNK_SIZE", 40)
    replace_weights(folder, stored)
    assert b"__msgpack_chunked_array__" in (folder / "flax_model.msgpack").read_bytes()
    assert_trees_equal(read_params(folder, shapes), params)


@pytest.mark.parametrize("separator", ["/", "."])
@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.float32])
def test_safetensors_have_flat_names(folder, shapes, separator, dtype):
    stored = {name: value.astype(dtype) for name, value in weights_of(folder).items()}
    expected = read_params(folder, shapes)
    (folder / "flax_model.msgpack").unlink()
    flat = {name.replace("/", separator): value for name, value in stored.items()}
    safetensors.numpy.save_file(flat, folder / "model.safetensors")
    assert_trees_equal(read_params(folder, shapes), expected, float(jnp.finfo(dtype).eps))


def test_a_value_beyond_float16_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="a/kernel has values that are not finite in float16"):
        write_params(tmp_path, {"a": {"kernel": np.float32([1e6])}}, {}, dtype=jnp.float16)
    assert not list(tmp_path.iterdir())


def test_every_difference_is_in_one_error(folder, shapes):
    stored = weights_of(folder)
    stored["lm_head/weights"] = stored.pop("lm_head/kernel")
    stored["logit_scale"] = np.zeros(2, np.float32)
    replace_weights(folder, stored)
    with pytest.raises(CheckpointError) as error:
        read_params(folder, shapes)
    lines = str(error.value).splitlines()
    assert lines[0].endswith("of 5 arrays 1 missing, 1 of another shape; 1 unexpected.")
    assert lines[1:4] == [
        "- lm_head/kernel [4, 9]",
        "+ lm_head/weights [4, 9]",
        "~ logit_scale: file [2] != model []",
    ]
    assert lines[4].startswith("Probable cause: an array was renamed, added or left out")


def test_at_most_ten_differences_of_a_kind_are_listed(folder, shapes):
    shapes["more"] = {str(i): jax.ShapeDtypeStruct((1,), jnp.float32) for i in range(25)}
    with pytest.raises(CheckpointError, match="25 missing") as error:
        read_params(folder, shapes)
    assert str(error.value).count("\n- ") == 10
    assert "... and 15 more of these" in str(error.value)


def test_another_number_of_layers_is_another_size(folder, shapes):
    del shapes["model"]["decoder"]["layers"]["FlaxBartDecoderLayer_2"]
    with pytest.raises(CheckpointError, match=r"bias: file \[3, 4\] != model \[2, 4\]") as error:
        read_params(folder, shapes)
    assert "the file holds this model in another size" in str(error.value)


def test_an_extra_leaf_is_unexpected(folder, shapes):
    replace_weights(folder, weights_of(folder) | {"ema/decay": np.zeros((), np.float32)})
    with pytest.raises(CheckpointError, match=r"\+ ema/decay \[\]"):
        read_params(folder, shapes)


def test_another_model(folder):
    with pytest.raises(CheckpointError, match="the file holds another model"):
        read_params(folder, {"a": jax.ShapeDtypeStruct((1,), jnp.float32)})


@pytest.mark.parametrize("dtype", [np.int64, np.float64, np.bool_])
def test_only_three_kinds_of_numbers_are_read(folder, shapes, dtype):
    stored = weights_of(folder)
    stored["lm_head/kernel"] = stored["lm_head/kernel"].astype(dtype)
    replace_weights(folder, stored)
    kind = np.dtype(dtype).name
    with pytest.raises(CheckpointError, match=rf"file \[4, 9\] {kind} != model \[4, 9\]"):
        read_params(folder, shapes)


def test_weights_in_the_layout_of_pytorch(folder, shapes):
    (folder / "flax_model.msgpack").unlink()
    safetensors.numpy.save_file({"lm_head.weight": leaf(0, 9, 4)}, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="in PyTorch's layout"):
        read_params(folder, shapes)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git-lfs pointer"),
        (pickle.dumps({"lm_head": 1}), "a pickle; such files are never opened"),
        (b"PK\x03\x04" + bytes(50), "a PyTorch file"),
        (b"<!doctype html><title>404</title>", "a web page instead of the weights"),
        (b"", "the file is empty"),
    ],
)
@pytest.mark.parametrize("name", ["flax_model.msgpack", "model.safetensors"])
def test_what_is_no_weight_file_is_called_by_its_name(tmp_path, shapes, name, content, cause):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=cause):
        read_params(tmp_path, shapes)


def test_a_folder_without_weights_tells_what_is_there(tmp_path, shapes):
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(CheckpointError, match=r"there is pytorch_model.bin; flax_model.msgpack"):
        read_params(tmp_path, shapes)


def test_the_fixtures_are_read_in_both_layouts():
    stacked, plain = (
        weights_of(FIXTURES / name) for name in ("dalle-bart-tiny", "dalle-bart-tiny-unstacked")
    )
    shapes = unflatten_dict(jax.eval_shape(lambda: plain), sep="/")
    read = read_params(FIXTURES / "dalle-bart-tiny", shapes)
    assert_trees_equal(
        read_params(FIXTURES / "dalle-bart-tiny-unstacked", shapes), unflatten_dict(plain, sep="/")
    )
    name = "FlaxBartAttention_1/q_proj/kernel"
    for i in range(3):
        np.testing.assert_array_equal(
            flatten_dict(read, sep="/")[f"model/decoder/layers/FlaxBartDecoderLayer_{i}/{name}"],
            stacked[f"model/decoder/layers/FlaxBartDecoderLayers/{name}"][i],
        )
