"""What the machine multiplies fastest."""

import platform
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp

# As Linux names the instructions that multiply bfloat16, on x86 and on ARM.
BFLOAT16_INSTRUCTIONS = {"avx512_bf16", "amx_bf16", "bf16"}
PROCESSOR = Path("/proc/cpuinfo")


@cache
def fast_dtype() -> jnp.dtype:
    """bfloat16 on accelerators and on processors that know it; elsewhere it is slower: float32.

    Told from what the processor says of itself, not from a measurement: a dtype that changed from
    one start to the next would change the pictures.
    """
    known = jax.default_backend() != "cpu" or BFLOAT16_INSTRUCTIONS & processor_flags()
    return jnp.dtype(jnp.bfloat16 if known else jnp.float32)


def processor_flags() -> set[str]:
    """What the first processor can do, as Linux tells; nothing where another system runs."""
    if platform.system() != "Linux":
        return set()
    lines = PROCESSOR.read_text().splitlines()
    # "flags" on x86, "Features" on ARM.
    flags = (line.partition(":") for line in lines if line.startswith(("flags", "Features")))
    return set(next(flags, ("", "", ""))[2].split())
