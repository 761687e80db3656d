"""int8 files hold half the bytes of float16 ones, and read back as nearly the same floats."""

import jax.numpy as jnp
import numpy as np
import pytest

from dalle.errors import CheckpointError
from dalle.models.checkpoint import list_folder, read_params, write_params
from dalle.models.quantised_file import join_scales, quantise


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


def test_an_int8_array_without_its_scale_is_refused(params, tmp_path):
    write_params(tmp_path, params, {}, dtype=jnp.int8)
    _, stored, fault = list_folder(tmp_path)
    assert fault == ""
    assert stored["layer", "kernel"].dtype == "int8"
    del stored["layer", "kernel_scale"]
    assert join_scales(stored)["layer", "kernel"].dtype == "int8"
    wrong = quantise({("layer", "kernel"): params["layer"]["kernel"]})
    assert wrong["layer", "kernel_scale"].shape == (1, 96)
    shapes = as_shapes(params) | {"layer": {"kernel": jnp.zeros((64, 95)), "bias": jnp.zeros(96)}}
    with pytest.raises(CheckpointError, match=r"layer/kernel: file \[64, 96\] != model \[64, 95\]"):
        read_params(tmp_path, shapes)


def test_what_must_be_exact_stays_float16(params, tmp_path):
    write_params(tmp_path, params, {}, dtype=jnp.int8, exact=("table",))
    _, stored, _ = list_folder(tmp_path)
    assert stored["table", "embedding"].dtype == "float16"
    assert stored["layer", "kernel"].dtype == "int8"
