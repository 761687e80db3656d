"""The README's table of hardware: memory that a model needs, and the seconds that physics asks for.

    python -m tests.benchmarks.hardware

Nothing is drawn. The memory is that of `python -m dalle inspect`; the program itself is counted on
processors alone, since an accelerator's memory holds the arrays only. The seconds are the
roofline's (dalle/benchmark/roofline.py): for each code the longer of multiplying and reading, and
the image decoder's and CLIP's FLOP as XLA counts them, at the machine's best rate. No program is
faster, and ours is slower.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import jax
import jax.numpy as jnp

from dalle.benchmark.roofline import least_work
from dalle.models.bart.config import BartConfig
from dalle.models.bart.kv_cache import bytes_of_number, cache_dtype
from dalle.models.clip.network import Clip
from dalle.models.hub.registry import ModelFiles, locate
from dalle.models.inspection import describe
from dalle.models.loading import read_geometry
from dalle.models.memory_estimate import Memory
from dalle.models.tokenizer_registry import tokenizer_class

CANDIDATES = 16
MODELS = {"nano": "nano", "mini": "random:mini", "mega": "random:mega"}


@dataclass(frozen=True)
class Machine:
    """A machine by its data sheet, or as it was measured."""

    name: str
    gigabytes: int  # that program and model may fill, or the model on an accelerator
    flops: float  # per second, in `dtype`
    bandwidth: float  # bytes per second
    source: str
    dtype: jnp.dtype = jnp.bfloat16
    accelerator: bool = True
    products: float | None = None  # of int8 per second, where codes are drawn so

    @property
    def decoder_dtype(self) -> jnp.dtype:
        """What codes are drawn in."""
        return jnp.int8 if self.products else self.dtype


# What Spaces offer, and a TPU, which they do not. The T4 has no bfloat16: float16 there.
MACHINES = (
    Machine(
        "cpu-basic, 2 cores with AMX",
        16,
        1.9e12,
        28.9e9,
        "measured on such a machine",
        accelerator=False,
    ),
    Machine(
        "cpu-basic, 2 cores with VNNI",
        16,
        0.37e12,
        30e9,
        "measured, codes in int8",
        accelerator=False,
        products=0.85e12,
    ),
    Machine(
        "the first without bfloat16", 16, 0.38e12, 28.9e9, "measured, float32", jnp.float32, False
    ),
    Machine(
        "cpu-upgrade, 8 cores with AMX",
        32,
        7.6e12,
        115.6e9,
        "four times that, assumed",
        accelerator=False,
    ),
    Machine("T4", 16, 65e12, 320e9, "data sheet, float16", jnp.float16),
    Machine("L4", 24, 121e12, 300e9, "data sheet"),
    Machine("A10G", 24, 70e12, 600e9, "data sheet"),
    Machine("L40S", 48, 362e12, 864e9, "data sheet"),
    Machine("A100", 80, 312e12, 2039e9, "data sheet"),
    Machine("TPU v5e, one chip", 16, 197e12, 819e9, "data sheet"),
)


@dataclass(frozen=True)
class Work:
    """What drawing the candidates of one prompt asks of a machine."""

    bart: BartConfig
    other_flops: float  # of the image decoder and of CLIP
    memory: dict[jnp.dtype, Memory]

    @classmethod
    def of(cls, model: str) -> "Work":
        """Out of a model's geometry; its weights are not read."""
        files = locate(model, weights=False)
        bart, _ = read_geometry(files.bart, "bart")
        dtypes = {machine.decoder_dtype for machine in MACHINES}
        memory = {
            dtype: describe(model, [CANDIDATES], dtype).memory[CANDIDATES] for dtype in dtypes
        }
        return cls(bart, CANDIDATES * (decoding_flops(files) + scoring_flops(files)), memory)

    def gigabytes(self, machine: Machine) -> float:
        """What drawing fills of the machine's memory."""
        memory = self.memory[machine.decoder_dtype]
        if machine.accelerator:
            memory = replace(memory, program=0, compiled=0)
        return memory.peak / 1e9

    def seconds(self, machine: Machine) -> float:
        """The least that the machine can need."""
        kernels = jnp.dtype(machine.decoder_dtype)
        cache = cache_dtype(self.bart, kernels, "tpu" if machine.accelerator else "cpu")
        work = least_work(self.bart, CANDIDATES, kernels.itemsize, bytes_of_number(cache))
        decoder_dtype = work.seconds(machine.bandwidth, machine.products or machine.flops)
        return decoder_dtype + self.other_flops / machine.flops


def decoding_flops(files: ModelFiles) -> float:
    """Of one picture."""
    config, shapes = read_geometry(files.vqgan, "vqgan")
    kind = tokenizer_class(config)
    codes = jax.ShapeDtypeStruct((1, kind(config, {}).length), jnp.int32)
    return count(
        lambda params, codes: kind(config, params, jnp.float32).decode(codes), shapes, codes
    )


def scoring_flops(files: ModelFiles) -> float:
    """Of one picture."""
    config, shapes = read_geometry(files.clip, "clip")
    size = config.vision_config.image_size
    pixels = jax.ShapeDtypeStruct((1, size, size, 3), jnp.float32)
    return count(
        lambda params, pixels: Clip(config, params, jnp.float32, None).embed_images(pixels),
        shapes,
        pixels,
    )


def count(function: Callable, *shapes: Any) -> float:
    """The FLOP that XLA counts, without compiling: a decoder's own options are for that alone."""
    with patch("dalle.models.vqgan.network.compiler_options", dict):
        return jax.jit(function).lower(*shapes).cost_analysis()["flops"]


def main() -> None:
    works = {name: Work.of(model) for name, model in MODELS.items()}
    for name, work in works.items():
        print(f"{name}: decoder and CLIP {work.other_flops / 1e12:.2f} TFLOP for {CANDIDATES}")
    print(f"\n| hardware (rates: source) | memory | {' | '.join(works)} |")
    print(f"|---|---|{'---|' * len(works)}")
    for machine in MACHINES:
        cells = []
        for work in works.values():
            needed = work.gigabytes(machine)
            fits = "" if needed < machine.gigabytes else "does not fit, "
            cells.append(f"{fits}{needed:.1f} GB, ≥ {work.seconds(machine):.2g} s")
        rates = f"{machine.flops / 1e12:g} TFLOP/s, {machine.bandwidth / 1e9:g} GB/s"
        if machine.products:
            rates = f"{machine.products / 1e12:g} TOP/s, {rates}"
        where = f"{machine.name} ({rates}, {machine.source})"
        print(f"| {where} | {machine.gigabytes} GB | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
