"""The VQGAN against reference values of vqgan-jax, and against itself."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict

from dalle.errors import CheckpointError
from dalle.models import load_vqgan
from dalle.models.vqgan.config import VqganConfig
from dalle.models.vqgan.network import Vqgan, vqgan_shapes

FOLDER = Path(__file__).parents[2] / "fixtures" / "vqgan-tiny"
PUBLISHED = json.loads((FOLDER / "config.json").read_text())


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    return dict(np.load(FOLDER / "expected.npz"))


@pytest.fixture(scope="module")
def vqgan() -> Vqgan:
    return load_vqgan(FOLDER)


@pytest.fixture(scope="module", params=[jnp.bfloat16, jnp.float16])
def rounded(request: pytest.FixtureRequest) -> Vqgan:
    return load_vqgan(FOLDER, dtype=request.param)


def test_decode_is_the_originals(vqgan: Vqgan, expected: dict[str, np.ndarray]):
    pixels = vqgan.decode(expected["codes"])
    assert pixels.dtype == jnp.float32
    np.testing.assert_allclose(pixels, expected["decoded"], rtol=0, atol=1e-4)


def test_encode_is_the_originals(vqgan: Vqgan, expected: dict[str, np.ndarray]):
    codes = vqgan.encode(expected["pixels"])
    assert codes.dtype == jnp.int32
    np.testing.assert_array_equal(codes, expected["encoded_indices"])


def test_codes_stand_for_the_originals_vectors(vqgan: Vqgan, expected: dict[str, np.ndarray]):
    table = vqgan.params["quantize"]["embedding"]["embedding"]
    quantized = table[vqgan.encode(expected["pixels"])].reshape(expected["quantized"].shape)
    np.testing.assert_allclose(quantized, expected["quantized"], rtol=0, atol=1e-4)


def test_16_bits_stay_near(rounded: Vqgan, expected: dict[str, np.ndarray]):
    # The values span -6..6, and bfloat16 has 8 bits: 0.1 is 1 % of the span, some 20 layers deep.
    # float16 has 11.
    tolerance = 0.1 if rounded.dtype == jnp.bfloat16 else 0.1 / 8
    pixels = rounded.decode(expected["codes"])
    np.testing.assert_allclose(pixels, expected["decoded"], rtol=0, atol=tolerance)
    assert np.abs(pixels - expected["decoded"]).max() > 1e-4  # else it was not rounded
    # Where two vectors are about equally near, rounding may choose the other.
    same = rounded.encode(expected["pixels"]) == expected["encoded_indices"]
    assert same.mean() > 0.95


def test_the_kernels_alone_are_rounded(rounded: Vqgan):
    for path, leaf in flatten_dict(rounded.params).items():
        assert leaf.dtype == (rounded.dtype if path[-1] == "kernel" else jnp.float32), path


def test_a_picture_is_the_same_alone_and_in_a_batch(vqgan: Vqgan, expected: dict):
    codes, pixels = expected["codes"], expected["pixels"]
    np.testing.assert_allclose(vqgan.decode(codes)[1:], vqgan.decode(codes[1:]), atol=1e-5)
    np.testing.assert_array_equal(vqgan.encode(pixels)[1:], vqgan.encode(pixels[1:]))


def test_same_shapes_compile_once(vqgan: Vqgan, caplog: pytest.LogCaptureFixture):
    codes, pixels = np.zeros((3, 64), np.int64), np.zeros((3, 32, 32, 3))
    with jax.log_compiles():
        vqgan.decode(codes), vqgan.encode(pixels)
        assert "Compiling jit(_apply)" in caplog.text
        caplog.clear()
        vqgan.decode(codes + 1), vqgan.encode(pixels + 1)
        assert "Compiling" not in caplog.text


def test_geometry(vqgan: Vqgan):
    assert (vqgan.num_codes, vqgan.grid, vqgan.resolution) == (64, 8, 32)


def test_shapes_are_the_published_ones():
    shapes = flatten_dict(vqgan_shapes(VqganConfig.from_json(PUBLISHED)), sep="/")
    lines = [f"{name} {leaf.shape}" for name, leaf in sorted(shapes.items())]
    assert lines == (FOLDER / "tree.txt").read_text().splitlines()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("double_z", True),
        ("give_pre_end", True),
        ("resamp_with_conv", False),
        ("in_channels", 1),
        ("out_ch", 4),
        ("num_resolutions", 5),
    ],
)
def test_other_networks_are_refused_by_name(option: str, value: object):
    with pytest.raises(CheckpointError, match=f"sets {option} to {value}; only "):
        VqganConfig.from_json(PUBLISHED | {option: value})


def test_widths_that_do_not_fit_the_norms_are_refused():
    with pytest.raises(CheckpointError, match=r"ch \* ch_mult 40, which must be a multiple .* 32"):
        VqganConfig.from_json(PUBLISHED | {"ch": 40})


def test_resolutions_that_do_not_fit_the_codes_are_refused():
    with pytest.raises(CheckpointError, match=r"resolution 30, which must be a multiple .* 4"):
        VqganConfig.from_json(PUBLISHED | {"resolution": 30})


def test_codes_that_make_no_square_are_refused(vqgan: Vqgan):
    with pytest.raises(ValueError, match=r"codes has shape \(2, 63\).*T = 64"):
        vqgan.decode(np.zeros((2, 63), np.int32))


def test_pixels_that_make_no_codes_are_refused(vqgan: Vqgan):
    with pytest.raises(ValueError, match=r"pixels has shape \(2, 30, 32, 3\).*multiples of 4"):
        vqgan.encode(np.zeros((2, 30, 32, 3), np.float32))
    with pytest.raises(ValueError, match=r"pixels are uint8; .* Divide by 255"):
        vqgan.encode(np.zeros((2, 32, 32, 3), np.uint8))


def test_codes_so_far_are_filled_up_and_tell_about_whole_rows(vqgan):
    codes = np.arange(5)[None]
    filled = vqgan.fill(codes)
    assert filled.shape == (1, vqgan.length)
    assert (filled[0, :5] == codes).all()
    assert (filled[0, 5:] == 4).all()
    side = vqgan.resolution // vqgan.grid
    assert vqgan.rows_known(vqgan.grid + 1) == side
    assert vqgan.rows_known(vqgan.grid - 1) == 0


def test_one_that_only_decodes_holds_no_encoder(vqgan: Vqgan, expected: dict[str, np.ndarray]):
    decoder_only = load_vqgan(FOLDER, reads=False)
    assert decoder_only.params.keys() == {"decoder", "post_quant_conv", "quantize"}
    pixels = decoder_only.decode(expected["codes"])
    np.testing.assert_array_equal(pixels, vqgan.decode(expected["codes"]))
