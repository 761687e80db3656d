"""The machine: the dtype that it multiplies fastest, and its free memory."""

import math
import platform
import re
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp

# As Linux names the instructions that multiply bfloat16, on x86 and on ARM.
BFLOAT16_INSTRUCTIONS = {"avx512_bf16", "amx_bf16", "bf16"}
BYTE_INSTRUCTION = "avx512_vnni"
MATRIX_UNIT = "amx_bf16"
# Of NVIDIA's GPUs: Ampere (A100, A10G) and Ada (L4) multiply bfloat16, Volta and Turing (V100, T4,
# RTX 20) float16 alone. See docs.nvidia.com/cuda/cuda-c-programming-guide, compute capabilities.
BFLOAT16_CAPABILITY = 8.0
FLOAT16_CAPABILITY = 7.0
PROCESSOR = Path("/proc/cpuinfo")
MEMORY = Path("/proc/meminfo")
CONTAINER = Path("/sys/fs/cgroup")  # its limits, where the program runs in one
# XLA:CPU leaves convolutions to YNNPACK, if it is not told to leave it the products alone.
EIGEN_CONVOLVES = {"xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT"}


@cache
def fast_dtype() -> jnp.dtype:
    """bfloat16 where the machine multiplies it; elsewhere it is slower: float32.

    Decided by the machine's description, not by a measurement: a dtype that changed from
    one start to the next would change the pictures.
    """
    if jax.default_backend() == "cpu":
        known = bool(BFLOAT16_INSTRUCTIONS & processor_flags())
    else:
        known = compute_capability() >= BFLOAT16_CAPABILITY
    return jnp.dtype(jnp.bfloat16 if known else jnp.float32)


@cache
def inference_dtype() -> jnp.dtype:
    """As `fast_dtype`, and float16 on a GPU whose matrix units know no bfloat16.

    Its range is too small for gradients, so nothing is trained in it.
    """
    if jax.default_backend() != "cpu" and (
        FLOAT16_CAPABILITY <= compute_capability() < BFLOAT16_CAPABILITY
    ):
        return jnp.dtype(jnp.float16)
    return fast_dtype()


def dtype_beside(products: jnp.dtype) -> jnp.dtype:
    """The dtype of all that is not rounded to int8 where `products` are; otherwise theirs."""
    return inference_dtype() if products == jnp.int8 else products


def compute_capability() -> float:
    """Of the first GPU, as NVIDIA counts; infinite for accelerators that have none."""
    told = str(getattr(jax.local_devices()[0], "compute_capability", ""))
    # AMD's names begin with letters ("gfx90a"), and TPUs have none: all of them know bfloat16.
    return float(told) if re.fullmatch(r"\d+\.\d+", told) else math.inf


@cache
def multiplies_bytes() -> bool:
    """Whether this is a processor with VNNI, which draws codes fastest with int8 kernels."""
    return jax.default_backend() == "cpu" and BYTE_INSTRUCTION in processor_flags()


@cache
def convolves_bytes() -> bool:
    """Whether bytes are convolved fastest: on a processor with VNNI and without a matrix unit."""
    return multiplies_bytes() and MATRIX_UNIT not in processor_flags()


def picture_dtype(decoder: jnp.dtype, products: jnp.dtype) -> jnp.dtype:
    """The dtype in which pictures are decoded, where codes are drawn in that of `decoder`."""
    return decoder if decoder == jnp.int8 and convolves_bytes() else products


def compiler_options() -> dict[str, str]:
    """For jax.jit, where float32 convolutions are most of the work.

    On AVX2 Eigen takes 0.63 to 0.86 times as long as YNNPACK (tests/benchmarks/operations.py);
    where the processor knows bfloat16 it was not measured.
    """
    processor = jax.default_backend() == "cpu"
    return EIGEN_CONVOLVES if processor and fast_dtype() == jnp.float32 else {}


def processor_flags() -> set[str]:
    """The features of the first processor, as Linux tells; nothing where another system runs."""
    if platform.system() != "Linux":
        return set()
    lines = PROCESSOR.read_text().splitlines()
    # "flags" on x86, "Features" on ARM.
    flags = (line.partition(":") for line in lines if line.startswith(("flags", "Features")))
    return set(next(flags, ("", "", ""))[2].split())


# Lines with the features, on x86 and on ARM; the clock and the like differ between the cores.
IDENTITY = ("vendor_id", "cpu family", "model", "stepping", "flags", "CPU implementer",
            "CPU architecture", "CPU variant", "CPU part", "CPU revision", "Features")  # fmt: skip


def processor_identity() -> str:
    """The first processor's kind and features; "" where the system does not tell."""
    if platform.system() != "Linux":
        return ""
    first = PROCESSOR.read_text().partition("\n\n")[0]
    lines = (line.partition(":") for line in first.splitlines())
    told = {name.strip(): value.strip() for name, _, value in lines}
    if not {"flags", "Features"} & told.keys():
        return ""
    return "\n".join(f"{name}: {told[name]}" for name in IDENTITY if name in told)


def processor_name() -> str:
    """As the processor calls itself, or the kind of its instructions where it has no name."""
    if platform.system() == "Linux":
        for line in PROCESSOR.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def free_memory() -> int | None:
    """Bytes that one device has left, of the machine's own memory on a CPU; None if not told."""
    stats = jax.local_devices()[0].memory_stats()
    if stats and "bytes_limit" in stats:
        return stats["bytes_limit"] - stats["bytes_in_use"]
    if jax.default_backend() != "cpu" or platform.system() != "Linux":
        return None
    free = numbers_in(MEMORY)["MemAvailable:"] * 1024
    limit = CONTAINER / "memory.max"
    if limit.is_file() and (bound := limit.read_text().strip()) != "max":
        used = int((CONTAINER / "memory.current").read_text())
        # Copies of files make room when it is needed.
        used -= numbers_in(CONTAINER / "memory.stat")["inactive_file"]
        free = min(free, int(bound) - used)
    return free // jax.local_device_count()


def numbers_in(file: Path) -> dict[str, int]:
    """A file of lines that begin with a name and a number."""
    lines = (line.split() for line in file.read_text().splitlines())
    return {words[0]: int(words[1]) for words in lines}
