"""The interface of image tokenizers: pictures to codes, and codes to pictures.

A new one is a folder beside `vqgan` and `cells`, and a line in `tokenizer_registry.py`.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import jax.numpy as jnp
import numpy as np
from jax import Array

NO_CODE = -1


def any_but(codes: Array | np.ndarray) -> Array | np.ndarray:
    """Codes that may not be sampled <-> what stands for them in the place of a kept code: below -1.

    It is its own inverse.
    """
    return NO_CODE - 1 - codes


@dataclass(frozen=True)
class TokenLayout:
    """The special codes of an image tokenizer, static for the compiler."""

    overview: int = 0  # codes for the whole picture, which come first
    cells: int = 0  # of an overview, the first of its codes: those below are for cells
    blank: int = NO_CODE  # the code of a part that nothing stands in


NO_HEADER = TokenLayout()  # of published models


class ImageTokenizerConfig(Protocol):
    """The geometry in config.json, and the costs that follow from it."""

    READERS: ClassVar[tuple[str, ...]]  # parts of the parameter tree that only `encode` needs

    resolution: int  # pixels a side of the pictures that `encode` reads

    @classmethod
    def from_json(cls, published: dict[str, Any]) -> Self:
        """CheckpointError names a field that is missing or out of its range."""

    @property
    def finished(self) -> int:
        """Pixels a side of the pictures that `decode` returns."""

    def summary(self) -> str:
        """The geometry in one line."""

    def kernel_dtype(self, products: jnp.dtype) -> jnp.dtype:
        """The dtype of the kernels where matrix products are in `products`."""

    def decoding_bytes(self, pictures: int, products: jnp.dtype) -> int:
        """Working memory of `decode` for a batch of `pictures`."""


class ImageTokenizer(Protocol):
    """A tokenizer with its weights. It is a dataclass, so that its `params` can be replaced."""

    Config: ClassVar[type[ImageTokenizerConfig]]
    KNOWN_DRAWINGS: ClassVar[bool]  # pictures are put together from parts that training has shown
    LANE_ROWS: ClassVar[int]  # pictures that each of several programs on a processor decodes

    config: ImageTokenizerConfig
    params: dict[str, Any]
    dtype: jnp.dtype  # of the products

    @staticmethod
    def shapes(config: ImageTokenizerConfig) -> dict[str, Any]:
        """The parameter tree as shapes, without memory."""

    @classmethod
    def from_params(
        cls, config: ImageTokenizerConfig, params: dict[str, Any], dtype: jnp.dtype
    ) -> Self:
        """From a tree of the published names; it may lack the READERS."""

    @property
    def num_codes(self) -> int:
        """Codes are 0..num_codes-1."""

    @property
    def length(self) -> int:
        """Codes of a picture, T."""

    @property
    def layout(self) -> TokenLayout:
        """Which codes tell about the whole picture, and which one stands for nothing."""

    @property
    def resolution(self) -> int:
        """Pixels a side of the pictures that `decode` returns."""

    def fill(self, codes: np.ndarray) -> np.ndarray:
        """Codes so far, [B, t] -> [B, T], so that an unfinished picture can be decoded."""

    def rows_known(self, sampled: int) -> int:
        """Rows of pixels that the first `sampled` codes determine."""

    def decode(self, codes: Array) -> Array:
        """Codes [B, T] -> pixels [B, H, W, 3] float32, about 0..1, unclipped."""

    def decode_small(self, codes: Array) -> Array:
        """As `decode`, for previews: perhaps fewer pixels, where that takes less time."""

    def encode(self, pixels: Array) -> Array:
        """Pixels [B, H, W, 3], 0..1 -> codes [B, T] int32."""
