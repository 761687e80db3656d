"""int8 files hold half the bytes of float16 ones, and read back as nearly the same floats."""

import jax.numpy as jnp
import numpy as np
import pytest

from dalle.errors import CheckpointError
from dalle.models.checkpoints.checkpoint import read_params, write_params
from dalle.models.checkpoints.folder import list_folder
from dalle.models.checkpoints.msgpack import StoredArray
from dalle.models.checkpoints.quantized import join_scales, pack, quantize, unpack


@pytest.fixture
def params():
    generator = np.random.default_rng(0)
    return {
        "layer": {"kernel": generator.normal(size=(64, 96)), "bias": generator.normal(size=96)},
        "table": {
            "embedding": generator.normal(size=(80, 64)) * np.geomspace(1, 1e-3, 80)[:, None]
        },
        "stack": {"kernel": generator.normal(size=(3, 64, 32))},
    }


def as_shapes(params):
    return {a: {b: jnp.zeros(c.shape) for b, c in leaves.items()} for a, leaves in params.items()}


def test_weights_read_back_within_half_a_step(params, tmp_path):
    write_params(tmp_path, params, {}, dtype=jnp.int8)
    read = read_params(tmp_path, as_shapes(params))
    for group, name, axis in (("layer", "kernel", 0), ("table", "embedding", 1),
                              ("stack", "kernel", 1)):  # fmt: skip
        exact = params[group][name]
        step = np.abs(exact).max(axis, keepdims=True) / 127
        # The scale itself is rounded to 11 bits.
        assert (np.abs(read[group][name] - exact) <= 0.57 * step).all()
    np.testing.assert_allclose(read["layer"]["bias"], params["layer"]["bias"], rtol=1e-3)


def test_the_file_is_half_as_large(params, tmp_path):
    for dtype in ("int8", "float16"):
        write_params(tmp_path / dtype, params, {}, dtype=dtype)
    small, large = (
        (tmp_path / dtype / "flax_model.msgpack").stat().st_size for dtype in ("int8", "float16")
    )
    assert small < 0.6 * large


def test_six_bits_take_three_quarters_and_read_back_within_half_a_step(params, tmp_path):
    for bits in (8, 6):
        write_params(tmp_path / str(bits), params, {}, dtype=jnp.int8, bits=bits)
    small, large = ((tmp_path / bits / "flax_model.msgpack").stat().st_size for bits in ("6", "8"))
    assert small < 0.8 * large
    read = read_params(tmp_path / "6", as_shapes(params))
    for group, name, axis in (("layer", "kernel", 0), ("table", "embedding", 1),
                              ("stack", "kernel", 1)):  # fmt: skip
        exact = params[group][name]
        step = np.abs(exact).max(axis, keepdims=True) / 31
        assert (np.abs(read[group][name] - exact) <= 0.52 * step).all()


def test_every_number_of_six_bits_is_packed_and_unpacked():
    steps = np.arange(-31, 33, dtype=np.int8).clip(-31, 31).reshape(4, 16)
    for axis in (-1, -2):
        packed = pack(steps, axis)
        assert packed.size == steps.size * 3 // 4
        np.testing.assert_array_equal(unpack(packed, axis), steps)


def test_an_odd_matrix_stays_in_eight_bits_and_packed_bytes_must_fit():
    odd = np.random.default_rng(0).normal(size=(65, 70))
    assert quantize({("layer", "kernel"): odd}, bits=6)["layer", "kernel"].dtype == np.int8
    bytes_ = StoredArray((70, 96), "int8", lambda: np.zeros((70, 96), np.int8))
    assert set(join_scales({("layer", "kernel_packed"): bytes_})) == {("layer", "kernel_packed")}


def test_an_int8_array_without_its_scale_is_refused(params, tmp_path):
    write_params(tmp_path, params, {}, dtype=jnp.int8)
    _, stored, fault = list_folder(tmp_path)
    assert fault == ""
    assert stored["layer", "kernel"].dtype == "int8"
    del stored["layer", "kernel_scale"]
    assert join_scales(stored)["layer", "kernel"].dtype == "int8"
    wrong = quantize({("layer", "kernel"): params["layer"]["kernel"]})
    assert wrong["layer", "kernel_scale"].shape == (1, 96)
    shapes = as_shapes(params) | {"layer": {"kernel": jnp.zeros((64, 95)), "bias": jnp.zeros(96)}}
    with pytest.raises(CheckpointError, match=r"layer/kernel: file \[64, 96\] != model \[64, 95\]"):
        read_params(tmp_path, shapes)


def test_what_must_be_exact_stays_float16(params, tmp_path):
    write_params(tmp_path, params, {}, dtype=jnp.int8, exact=("table",))
    _, stored, _ = list_folder(tmp_path)
    assert stored["table", "embedding"].dtype == "float16"
    assert stored["layer", "kernel"].dtype == "int8"
