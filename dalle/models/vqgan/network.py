"""The VQGAN: pictures to a grid of codes, and codes to pictures.

"Taming Transformers for High-Resolution Image Synthesis" (Esser et al., arxiv.org/abs/2012.09841),
with the parameter names of github.com/patil-suraj/vqgan-jax.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from dalle.models.convolutions.conv import Conv, DoublingConv
from dalle.models.hardware import compiler_options
from dalle.models.image_tokenizer import NO_HEADER, TokenLayout
from dalle.models.layers import Embedding, GroupNorm, attention, prepare_params
from dalle.models.vqgan.config import VqganConfig


def pointwise(features: int, dtype: jnp.dtype, name: str | None = None) -> Conv:
    return Conv(features, size=1, padding=(0, 0), dtype=dtype, name=name)


class ResidualBlock(nn.Module):
    """Two convolutions beside a shortcut, which has a 1x1 one where the width changes."""

    features: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array) -> Array:
        y = nn.swish(GroupNorm(VqganConfig.NORM_GROUPS, name="norm1")(x))
        y = Conv(self.features, dtype=self.dtype, name="conv1")(y)
        y = nn.swish(GroupNorm(VqganConfig.NORM_GROUPS, name="norm2")(y))
        y = Conv(self.features, dtype=self.dtype, name="conv2")(y)
        if x.shape[-1] != self.features:
            x = pointwise(self.features, self.dtype, "nin_shortcut")(x)
        return x + y


class AttentionBlock(nn.Module):
    """Every position of the picture looks at every other, with a single head."""

    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array) -> Array:
        rows, height, width, channels = x.shape
        normed = GroupNorm(VqganConfig.NORM_GROUPS, name="norm")(x)
        query, key, value = (
            pointwise(channels, self.dtype, name)(normed).reshape(rows, 1, height * width, channels)
            for name in ("q", "k", "v")
        )
        everywhere = jnp.ones((1, 1, 1, 1), bool)
        y = attention(query * channels**-0.5, key, value, everywhere).reshape(x.shape)
        return x + pointwise(channels, self.dtype, "proj_out")(y)


class Downsample(nn.Module):
    """Half the height and width; only the far edges are padded."""

    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array) -> Array:
        return Conv(x.shape[-1], stride=2, padding=(0, 1), dtype=self.dtype, name="conv")(x)


class Upsample(nn.Module):
    """Twice the height and width: each pixel four times, then a convolution."""

    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array) -> Array:
        return DoublingConv(self.dtype, name="conv")(x)


class Level(nn.Module):
    """The blocks at one resolution, and the step to the next."""

    features: int
    blocks: int
    attends: bool
    resample: type[nn.Module] | None
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array) -> Array:
        for i in range(self.blocks):
            x = ResidualBlock(self.features, self.dtype, name=f"block_{i}")(x)
            if self.attends:
                x = AttentionBlock(self.dtype, name=f"attn_{i}")(x)
        if self.resample:
            x = self.resample(self.dtype, name=self.resample.__name__.lower())(x)
        return x


class Middle(nn.Module):
    """The blocks at the codes' resolution."""

    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array) -> Array:
        x = ResidualBlock(x.shape[-1], self.dtype, name="block_1")(x)
        x = AttentionBlock(self.dtype, name="attn_1")(x)
        return ResidualBlock(x.shape[-1], self.dtype, name="block_2")(x)


class Encoder(nn.Module):
    """[B, H, W, 3] -> [B, H / downsampling, W / downsampling, z_channels]."""

    config: VqganConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array) -> Array:
        config = self.config
        x = Conv(config.ch, dtype=self.dtype, name="conv_in")(x)
        last = len(config.widths) - 1
        for i, width in enumerate(config.widths):
            attends = config.resolution // 2**i in config.attn_resolutions
            resample = Downsample if i < last else None
            x = Level(
                width, config.num_res_blocks, attends, resample, self.dtype, name=f"down_{i}"
            )(x)
        x = Middle(self.dtype, name="mid")(x)
        x = nn.swish(GroupNorm(VqganConfig.NORM_GROUPS, name="norm_out")(x))
        return Conv(config.z_channels, dtype=self.dtype, name="conv_out")(x)


class Decoder(nn.Module):
    """[B, H, W, z_channels] -> [B, H * downsampling, W * downsampling, 3]."""

    config: VqganConfig
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: Array) -> Array:
        config = self.config
        x = Conv(config.widths[-1], dtype=self.dtype, name="conv_in")(x)
        x = Middle(self.dtype, name="mid")(x)
        for i, width in reversed(list(enumerate(config.widths))):
            attends = config.resolution // 2**i in config.attn_resolutions
            resample = Upsample if i > 0 else None
            x = Level(
                width, config.num_res_blocks + 1, attends, resample, self.dtype, name=f"up_{i}"
            )(x)
        x = nn.swish(GroupNorm(VqganConfig.NORM_GROUPS, name="norm_out")(x))
        return Conv(3, dtype=self.dtype, name="conv_out")(x)


class Codebook(nn.Module):
    """The vectors that the codes stand for."""

    config: VqganConfig

    def setup(self) -> None:
        self.embedding = Embedding(self.config.n_embed, self.config.embed_dim)

    def __call__(self, codes: Array) -> Array:
        return self.embedding(codes)

    def nearest(self, z: Array) -> Array:
        """[N, embed_dim] -> the code of the closest vector, [N] int32."""
        table = self.embedding(jnp.arange(self.config.n_embed))
        # |z - e|^2 without |z|^2, which is the same for all codes: no [N, codes, embed_dim] array.
        products = jnp.dot(z, table.T, precision=lax.Precision.HIGHEST)  # [N, codes]
        return jnp.argmin(jnp.square(table).sum(-1) - 2 * products, axis=-1).astype(jnp.int32)


class VqganModule(nn.Module):
    """The network; the call visits every parameter, for their shapes."""

    config: VqganConfig
    dtype: jnp.dtype = jnp.float32

    def setup(self) -> None:
        self.encoder = Encoder(self.config, self.dtype)
        self.decoder = Decoder(self.config, self.dtype)
        self.quantize = Codebook(self.config)
        self.quant_conv = pointwise(self.config.embed_dim, self.dtype)
        self.post_quant_conv = pointwise(self.config.z_channels, self.dtype)

    def __call__(self, pixels: Array) -> Array:
        return self.decode(self.encode(pixels))

    def encode(self, pixels: Array) -> Array:
        z = self.quant_conv(self.encoder(pixels))  # [B, grid, grid, embed_dim]
        codes = self.quantize.nearest(z.reshape(-1, z.shape[-1]))
        return codes.reshape(len(pixels), -1)

    def decode(self, codes: Array) -> Array:
        side = math.isqrt(codes.shape[1])
        z = self.quantize(codes).reshape(len(codes), side, side, -1)
        return self.decoder(self.post_quant_conv(z))


def vqgan_shapes(config: VqganConfig) -> dict:
    """The parameters' names and shapes, as published: a tree of jax.ShapeDtypeStruct."""
    pixels = jax.ShapeDtypeStruct((1, config.resolution, config.resolution, 3), jnp.float32)
    return jax.eval_shape(VqganModule(config).init, jax.random.key(0), pixels)["params"]


def _apply(config: VqganConfig, dtype: jnp.dtype, method: str, params: dict, x: Array) -> Array:
    return VqganModule(config, dtype).apply({"params": params}, x, method=method)


@cache
def _compiled() -> Callable[..., Array]:
    """`_apply`, for the machine that runs it; once this has been asked for JAX has a device."""
    static = ("config", "dtype", "method")
    return jax.jit(_apply, static_argnames=static, compiler_options=compiler_options())


@dataclass(frozen=True, eq=False)
class Vqgan:
    """An image tokenizer ready to run: its geometry, its weights, the dtype of its products."""

    Config = VqganConfig
    KNOWN_DRAWINGS = False
    LANE_ROWS = 2
    shapes = staticmethod(vqgan_shapes)

    config: VqganConfig
    params: dict
    dtype: jnp.dtype = jnp.float32

    @classmethod
    def from_params(
        cls, config: VqganConfig, params: dict, dtype: jnp.dtype = jnp.float32
    ) -> "Vqgan":
        """From a tree with the published names; the kernels are cast to their dtype once, here."""
        return cls(config, prepare_params(params, config.kernel_dtype(dtype)), dtype)

    @property
    def num_codes(self) -> int:
        return self.config.n_embed

    @property
    def grid(self) -> int:
        """Codes along one side of the picture."""
        return self.config.grid

    @property
    def resolution(self) -> int:
        """Pixels along one side of the picture."""
        return self.config.resolution

    @property
    def layout(self) -> TokenLayout:
        """Each code has its place in the picture, and none stands for nothing."""
        return NO_HEADER

    @property
    def length(self) -> int:
        """Codes of a picture."""
        return self.grid**2

    def fill(self, codes: np.ndarray) -> np.ndarray:
        """Codes so far, [B, t] -> [B, T], the last one going on, so that the edge stays clean."""
        return np.pad(codes, ((0, 0), (0, self.length - codes.shape[1])), mode="edge")

    def rows_known(self, sampled: int) -> int:
        """Rows of pixels that the codes determine: those of whole rows of codes."""
        return sampled // self.grid * self.config.downsampling

    def decode(self, codes: Array) -> Array:
        """Codes [B, T] in 0..num_codes-1 -> pixels [B, H, W, 3] float32, about 0..1, unclipped."""
        if codes.ndim != 2 or math.isqrt(codes.shape[1]) ** 2 != codes.shape[1]:
            raise ValueError(
                f"codes has shape {codes.shape}; it must be [B, T] with T a square number. "
                f"This model was trained with T = {self.grid**2}"
            )
        codes = jnp.asarray(codes, jnp.int32)
        return _compiled()(self.config, self.dtype, "decode", self.params, codes)

    decode_small = decode  # fewer pixels would take no less time

    def encode(self, pixels: Array) -> Array:
        """Pixels [B, H, W, 3], 0..1 -> codes [B, T] int32."""
        side = self.config.downsampling
        if pixels.ndim != 4 or pixels.shape[3] != 3 or any(n % side for n in pixels.shape[1:3]):
            raise ValueError(
                f"pixels has shape {pixels.shape}; it must be [B, H, W, 3] with H and W multiples "
                f"of {side}. Crop or resize the pictures to {self.resolution}"
            )
        if not jnp.issubdtype(pixels.dtype, jnp.floating):
            raise ValueError(
                f"pixels are {pixels.dtype}; they must be floats in 0..1. Divide by 255"
            )
        pixels = jnp.asarray(pixels, jnp.float32)
        return _compiled()(self.config, self.dtype, "encode", self.params, pixels)
