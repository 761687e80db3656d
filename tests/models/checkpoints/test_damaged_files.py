"""Damaged and hostile weight files give a CheckpointError: no crash, no memory, no other error."""

import tracemalloc
from pathlib import Path

import jax
import jax.numpy as jnp
import msgpack
import numpy as np
import pytest
import safetensors.numpy
from flax.traverse_util import flatten_dict

from dalle.errors import CheckpointError
from dalle.models.checkpoints.checkpoint import read_params, write_params
from dalle.models.checkpoints.folder import SHARD_BYTES, list_folder, write_arrays

PARAMS = {
    "lm_head": {"kernel": np.ones((4, 9), np.float32)},
    "model": {"layers": {"0": {"bias": np.ones(7, np.float32)}}},
    "logit_scale": np.ones((), np.float32),
}


@pytest.fixture
def shapes() -> dict:
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), PARAMS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_params(tmp_path, PARAMS, {})
    return tmp_path


def test_a_cut_file_is_called_so_wherever_it_is_cut(folder, shapes):
    path = folder / "flax_model.msgpack"
    whole = path.read_bytes()
    for size in range(1, len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(CheckpointError, match=f"the file is cut: {size:,} bytes of at least"):
            read_params(folder, shapes)


def test_a_file_with_something_after_its_end(folder, shapes):
    path = folder / "flax_model.msgpack"
    path.write_bytes(path.read_bytes() + bytes(3))
    with pytest.raises(CheckpointError, match="the file is damaged: 3 bytes too many"):
        read_params(folder, shapes)


def test_a_cut_safetensors_file(folder, shapes):
    (folder / "flax_model.msgpack").unlink()
    path = folder / "model.safetensors"
    safetensors.numpy.save_file(flatten_dict(PARAMS, sep="/"), path)
    whole = path.read_bytes()
    for size in range(1, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(CheckpointError, match="the file is cut or damaged"):
            read_params(folder, shapes)


def test_flipped_bits_give_an_error_or_other_values_and_nothing_else(folder, shapes):
    path = folder / "flax_model.msgpack"
    whole = bytearray(path.read_bytes())
    generator = np.random.default_rng(0)
    refused = 0
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(generator.integers(8))
        path.write_bytes(damaged)
        try:
            read_params(folder, shapes)
        except CheckpointError:
            refused += 1
    # About half of this small file is headers.
    assert refused > len(whole) / 4


def test_a_big_file_that_does_not_fit_is_refused_without_reading_it(tmp_path):
    size = 1 << 30
    with (tmp_path / "flax_model.msgpack").open("wb") as file:
        body = b"\x93\x91\xce" + (size // 4).to_bytes(4, "big") + b"\xa7float32\xc6"
        body += size.to_bytes(4, "big")
        file.write(b"\x81\xa1a\xc9" + (len(body) + size).to_bytes(4, "big") + b"\x01" + body)
        file.truncate(file.tell() + size)  # a hole: it takes no room on the disk
    tracemalloc.start()
    with pytest.raises(CheckpointError, match=r"~ a: file \[268435456\] != model \[2\]"):
        read_params(tmp_path, {"a": jax.ShapeDtypeStruct((2,), jnp.float32)})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def array_extension(*parts) -> msgpack.ExtType:
    return msgpack.ExtType(1, msgpack.packb(parts))


def nested(depth: int) -> dict:
    tree = {}
    for _ in range(depth):
        tree = {"a": tree}
    return tree


HOSTILE = {
    "a length of 4 GB": b"\x81\xa1a\xc9\xff\xff\xff\xff\x01\x93",
    "a map of four billion entries": b"\xdf\xff\xff\xff\xff\xa1a",
    "a name of 4 GB": b"\x81\xdb\xff\xff\xff\xff",
    "a name that is no text": b"\x81\xa2\xff\xfe\x80",
    "a number as a name": b"\x81\x01\x80",
    "many levels": msgpack.packb(nested(500)),
    "very many levels": b"\x81\xa1a" * 100_000 + b"\x80",
    "many empty maps": msgpack.packb({str(i): {} for i in range(100_001)}),
    "the same name twice": b"\x82" + 2 * (b"\xa1a" + msgpack.packb(array_extension([], "i", b""))),
    "a list": msgpack.packb({"a": [1, 2]}),
    "a number": msgpack.packb({"a": 3}),
    "a number alone": msgpack.packb(3),
    "an array alone": msgpack.packb(array_extension([1], "float32", bytes(4))),
    "nothing": msgpack.packb({"a": None}),
    "an unused type": b"\x81\xa1a\xc1",
    "another extension": msgpack.packb({"a": msgpack.ExtType(2, b"\x92\x01\x01")}),
    "a timestamp": b"\x81\xa1a\xd6\xff" + bytes(4),
    "objects": msgpack.packb({"a": array_extension([1], "object", bytes(8))}),
    "structures": msgpack.packb({"a": array_extension([1], "f4,f4", bytes(8))}),
    "a shape that overflows": msgpack.packb(
        {"a": array_extension([2**63, 2**63, 4], "float32", bytes(4))}
    ),
    "a huge shape that is empty": msgpack.packb({"a": array_extension([2**63, 0], "float32", b"")}),
    "a shape below zero": msgpack.packb({"a": array_extension([-1], "float32", bytes(4))}),
    "a shape of a hundred axes": msgpack.packb(
        {"a": array_extension([1] * 100, "float32", bytes(4))}
    ),
    "fewer bytes than its shape": msgpack.packb({"a": array_extension([2], "float32", bytes(4))}),
    "two parts": msgpack.packb({"a": array_extension([1], "float32")}),
    "chunks that do not fill": msgpack.packb(
        {
            "a": {
                "__msgpack_chunked_array__": True,
                "shape": {"0": 9},
                "chunks": {"0": array_extension([1], "float32", bytes(4))},
            }
        }
    ),
    "chunks of nothing": msgpack.packb({"a": {"__msgpack_chunked_array__": True}}),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_files_are_refused(tmp_path, content):
    (tmp_path / "flax_model.msgpack").write_bytes(content)
    with pytest.raises(CheckpointError, match="Probable cause"):
        read_params(tmp_path, {"a": jax.ShapeDtypeStruct((1,), jnp.float32)})


def with_damage(dtype: np.dtype, value: float) -> dict:
    """PARAMS with one value of the kernel, and one bias, that are not finite; flat."""
    arrays = {name: array.astype(dtype) for name, array in flatten_dict(PARAMS).items()}
    arrays["lm_head", "kernel"][1, 2] = value
    arrays["model", "layers", "0", "bias"][[0, 3]] = value
    return arrays


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("stored", [jnp.float16, jnp.bfloat16, jnp.float32])
@pytest.mark.parametrize("form", ["msgpack", "shards", "safetensors"])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_values_that_are_not_finite_are_counted_and_refused(
    tmp_path, shapes, form, stored, value, dtype
):
    arrays = with_damage(stored, value)
    if form == "safetensors":
        flat = {"/".join(name): array for name, array in arrays.items()}
        safetensors.numpy.save_file(flat, tmp_path / "model.safetensors")
    else:
        limit = 250 if form == "shards" else SHARD_BYTES
        write_arrays(tmp_path, arrays, {}, limit)
        assert len(list(tmp_path.glob("*-of-*"))) == (2 if form == "shards" else 0)
    with pytest.raises(CheckpointError) as error:
        read_params(tmp_path, shapes, dtype=dtype)
    first, *lines = str(error.value).splitlines()
    assert first.endswith("is damaged: 2 of 3 arrays hold values that are infinite or no number.")
    assert sorted(lines[:2]) == ["! lm_head/kernel: 1 of 36", "! model/layers/0/bias: 2 of 7"]


def test_a_scale_of_int8_weights_that_is_no_number_is_refused(tmp_path):
    params = {"lm_head": {"kernel": np.random.default_rng(0).normal(size=(64, 80))}}
    write_params(tmp_path, params, {}, dtype=jnp.int8)
    _, stored, _ = list_folder(tmp_path)
    arrays = {name: array.read().copy() for name, array in stored.items()}
    arrays["lm_head", "kernel_scale"][0, 7] = np.nan
    write_arrays(tmp_path, arrays, {})
    shapes = {"lm_head": {"kernel": jax.ShapeDtypeStruct((64, 80), jnp.float32)}}
    with pytest.raises(CheckpointError, match=r"! lm_head/kernel: 64 of 5,120"):
        read_params(tmp_path, shapes)


def test_a_value_that_the_products_cannot_hold_is_refused(tmp_path):
    write_params(tmp_path, {"a": {"kernel": np.full((2, 3), 1e6, np.float32)}}, {})
    shapes = {"a": {"kernel": jax.ShapeDtypeStruct((2, 3), jnp.float32)}}
    read_params(tmp_path, shapes, dtype=jnp.bfloat16)
    with pytest.raises(CheckpointError, match=r"! a/kernel: 6 of 6"):
        read_params(tmp_path, shapes, dtype=jnp.float16)
