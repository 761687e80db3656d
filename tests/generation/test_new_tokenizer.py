"""A new image tokenizer is one class and one line of the registry: all else follows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dalle
from dalle.errors import CheckpointError
from dalle.generation.pipeline import Pipeline
from dalle.models import load_vqgan
from dalle.models.checkpoints.checkpoint import write_params
from dalle.models.image_tokenizer import NO_HEADER
from dalle.models.inspection import describe
from dalle.models.published_config import Length, Size, read_fields
from dalle.models.tokenizer_registry import IMAGE_TOKENIZERS


@dataclass(frozen=True)
class StripesConfig:
    resolution: Length
    codes: Size

    READERS = ("reader",)

    @classmethod
    def from_json(cls, published: dict[str, Any]) -> "StripesConfig":
        return cls(**read_fields(cls, published))

    @property
    def finished(self) -> int:
        return self.resolution

    def summary(self) -> str:
        return f"{self.resolution} stripes of {self.codes} greys"

    def kernel_dtype(self, products: jnp.dtype) -> jnp.dtype:
        return products

    def decoding_bytes(self, pictures: int, products: jnp.dtype) -> int:
        return 12 * pictures * self.resolution**2


@dataclass(frozen=True)
class Stripes:
    """Each code is the grey of one row of pixels."""

    Config = StripesConfig
    KNOWN_DRAWINGS = False
    LANE_ROWS = 2

    config: StripesConfig
    params: dict[str, Any]
    dtype: jnp.dtype = jnp.float32

    layout = NO_HEADER

    @staticmethod
    def shapes(config: StripesConfig) -> dict[str, Any]:
        table = jax.ShapeDtypeStruct((config.codes,), jnp.float32)
        return {"decoder": {"bias": table}, "reader": {"bias": table}}

    @classmethod
    def from_params(cls, config: StripesConfig, params: dict, dtype: jnp.dtype) -> "Stripes":
        return cls(config, params, dtype)

    @property
    def num_codes(self) -> int:
        return self.config.codes

    @property
    def length(self) -> int:
        return self.config.resolution

    @property
    def resolution(self) -> int:
        return self.config.resolution

    def fill(self, codes: np.ndarray) -> np.ndarray:
        return np.pad(codes, ((0, 0), (0, self.length - codes.shape[1])))

    def rows_known(self, sampled: int) -> int:
        return sampled

    def decode(self, codes: jax.Array) -> jax.Array:
        greys = self.params["decoder"]["bias"][codes]
        return jnp.broadcast_to(greys[:, :, None, None], (*greys.shape, self.length, 3))

    decode_small = decode

    def encode(self, pixels: jax.Array) -> jax.Array:
        greys = pixels[:, :, :1, 0]
        return jnp.abs(greys - self.params["reader"]["bias"]).argmin(-1).astype(jnp.int32)


@pytest.fixture
def stripes(pipeline: Pipeline, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny model's folder with another image tokenizer in it."""
    monkeypatch.setitem(IMAGE_TOKENIZERS, "stripes", Stripes)
    greys = np.linspace(0, 1, 48, dtype=np.float32)
    config = {"model_type": "stripes", "codes": 48}
    config["resolution"] = pipeline.image_tokenizer.length
    tree = {"decoder": {"bias": greys}, "reader": {"bias": greys}}
    write_params(folder / "vqgan", tree, config)
    return folder


def test_a_registered_tokenizer_makes_pictures_and_previews(stripes: Path) -> None:
    loaded = dalle.load(stripes, precision="float32")
    assert set(loaded.image_tokenizer.params) == {"decoder"}
    *previews, result = loaded.stream("a red apple", seed=1, keep=2)
    for picture in result.pictures:
        greys = np.round(np.linspace(0, 255, 48))[list(picture.codes)]
        assert (np.asarray(picture.image) == greys[:, None, None]).all()
    first = np.asarray(previews[0].pictures[0])
    assert (first[5:] == 128).all()
    assert (first[:5] != 128).any()


def test_a_registered_tokenizer_reads_and_is_described(stripes: Path) -> None:
    tokenizer = load_vqgan(stripes / "vqgan")
    codes = np.arange(20, dtype=np.int32)[None] + 7
    assert (tokenizer.encode(tokenizer.decode(codes)) == codes).all()
    assert "vqgan 20 stripes of 48 greys; 0.0 M parameters" in str(describe(stripes))


def test_an_unknown_tokenizer_is_refused_with_the_names_of_all(
    stripes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(IMAGE_TOKENIZERS, "stripes")
    with pytest.raises(CheckpointError, match=r"model_type to 'stripes'; it must be 'cell_tokeni"):
        load_vqgan(stripes / "vqgan")
