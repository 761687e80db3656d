"""Our VQGAN's decoding beside a plain one, in turn: seconds a picture, medians.

    python -m tests.benchmarks.vqgan [RUNS] [PICTURES]

The plain one is what flax.linen gives who writes the published network down: Conv, GroupNorm and
swish in float32, jax.image.resize in front of each convolution that follows a doubling. It has the
published names, so both draw the same codes with the same random weights of VQGAN-f16-16384, and
must come to the same pixels. At the end the least that such products can take: our FLOP, as XLA
counts them, at the rate at which this machine multiplies large matrices, measured just before.
"""

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from dalle.benchmark.machine_rates import measure_products
from dalle.generation.parallel import lanes_for
from dalle.generation.pictures import in_batches
from dalle.generation.precision import decoding_dtype, product_dtypes
from dalle.models import load_vqgan
from dalle.models.hub.registry import locate
from dalle.models.image_tokenizer import ImageTokenizer
from dalle.models.vqgan.config import VqganConfig
from tests.benchmarks.hardware import decoding_flops

convolution = partial(nn.Conv, kernel_size=(3, 3), padding=1)
linear = partial(nn.Conv, kernel_size=(1, 1))
normalize = partial(nn.GroupNorm, num_groups=32, epsilon=1e-6)


class Block(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x: Array) -> Array:
        y = convolution(self.features, name="conv1")(nn.swish(normalize(name="norm1")(x)))
        y = convolution(self.features, name="conv2")(nn.swish(normalize(name="norm2")(y)))
        if x.shape[-1] != self.features:
            x = linear(self.features, name="nin_shortcut")(x)
        return x + y


class Attention(nn.Module):
    @nn.compact
    def __call__(self, x: Array) -> Array:
        rows, height, width, channels = x.shape
        normed = normalize(name="norm")(x)
        query, key, value = (
            linear(channels, name=name)(normed).reshape(rows, height * width, channels)
            for name in ("q", "k", "v")
        )
        probabilities = nn.softmax(jnp.einsum("bqc,bkc->bqk", query, key) * channels**-0.5)
        seen = jnp.einsum("bqk,bkc->bqc", probabilities, value).reshape(x.shape)
        return x + linear(channels, name="proj_out")(seen)


class Upsample(nn.Module):
    @nn.compact
    def __call__(self, x: Array) -> Array:
        rows, height, width, channels = x.shape
        doubled = jax.image.resize(x, (rows, 2 * height, 2 * width, channels), "nearest")
        return convolution(channels, name="conv")(doubled)


class Level(nn.Module):
    features: int
    blocks: int
    attends: bool
    doubles: bool

    @nn.compact
    def __call__(self, x: Array) -> Array:
        for i in range(self.blocks):
            x = Block(self.features, name=f"block_{i}")(x)
            if self.attends:
                x = Attention(name=f"attn_{i}")(x)
        return Upsample(name="upsample")(x) if self.doubles else x


class Middle(nn.Module):
    @nn.compact
    def __call__(self, x: Array) -> Array:
        x = Block(x.shape[-1], name="block_1")(x)
        x = Attention(name="attn_1")(x)
        return Block(x.shape[-1], name="block_2")(x)


class Decoder(nn.Module):
    config: VqganConfig

    @nn.compact
    def __call__(self, x: Array) -> Array:
        config = self.config
        x = convolution(config.widths[-1], name="conv_in")(x)
        x = Middle(name="mid")(x)
        for i, width in reversed(list(enumerate(config.widths))):
            attends = config.resolution // 2**i in config.attn_resolutions
            level = Level(width, config.num_res_blocks + 1, attends, i > 0, name=f"up_{i}")
            x = level(x)
        x = nn.swish(normalize(name="norm_out")(x))
        return convolution(3, name="conv_out")(x)


class Codebook(nn.Module):
    config: VqganConfig

    @nn.compact
    def __call__(self, codes: Array) -> Array:
        return nn.Embed(self.config.n_embed, self.config.embed_dim, name="embedding")(codes)


class Plain(nn.Module):
    config: VqganConfig

    @nn.compact
    def __call__(self, codes: Array) -> Array:
        side = self.config.grid
        z = Codebook(self.config, name="quantize")(codes).reshape(len(codes), side, side, -1)
        z = linear(self.config.z_channels, name="post_quant_conv")(z)
        return Decoder(self.config, name="decoder")(z)


def seconds(decode: Callable[[Array], Array], codes: Array) -> float:
    """Of one picture."""
    started = time.perf_counter()
    jax.block_until_ready(decode(codes))
    return (time.perf_counter() - started) / len(codes)


def in_lanes(vqgan: ImageTokenizer, codes: Array) -> np.ndarray:
    """Pictures [B, H, W, 3], decoded as a pipeline does it."""
    lanes = lanes_for(len(codes))
    return in_batches(vqgan.decode, np.asarray(codes), len(codes) // lanes, lanes)


def main(runs: str = "5", pictures: str = "4") -> None:
    files = locate("random:mini")
    exact = load_vqgan(files.vqgan, reads=False)
    # The dtype of the other products here, and that of the decoder's.
    chosen = dict.fromkeys([*product_dtypes("auto")[1:], decoding_dtype("auto")])
    ours = {f"ours, {dtype.name}": load_vqgan(files.vqgan, dtype, reads=False) for dtype in chosen}
    plain = partial(jax.jit(Plain(exact.config).apply), {"params": exact.params})
    shape = (int(pictures), exact.length)
    codes = jnp.asarray(np.random.default_rng(0).integers(0, exact.num_codes, shape), jnp.int32)
    wanted = plain(codes)
    span = float(wanted.max() - wanted.min())
    for name, which in {"ours, float32": exact, **ours}.items():
        difference = float(jnp.abs(wanted - which.decode(codes)).max())
        print(f"{name}: pixels differ by {difference:.1e} at most, of {span:.1f}")

    ways = {"plain": plain} | {name: partial(in_lanes, which) for name, which in ours.items()}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(int(runs) + 1):
        for name, decode in ways.items():
            took = seconds(decode, codes)
            if turn:  # the first one compiles
                taken[name].append(took)
    flops = decoding_flops(files)
    for name, each in taken.items():
        ratios = [one / other for one, other in zip(taken["plain"], each, strict=True)]
        print(
            f"{name}: {statistics.median(each):.2f} s a picture, {pictures} at a time; plain takes "
            f"{statistics.median(ratios):.2f} times that ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    for dtype in chosen:
        if dtype != jnp.int8:  # XLA widens such products, so that their rate can't be told so
            rate = measure_products(dtype)
            bound = f"{flops / rate:.2f} s: {flops / 1e9:.0f} GFLOP at {rate / 1e12:.2f} TFLOP/s"
            print(f"{dtype.name}, at the least {bound}")


if __name__ == "__main__":
    main(*sys.argv[1:])
