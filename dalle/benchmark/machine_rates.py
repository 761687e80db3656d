"""The upper bounds of this machine: bytes and products a second, measured just before."""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

from dalle.models.hardware import multiplies_bytes, processor_name
from dalle.models.int8_matmul import int8_matmul, without_sign

READ_BYTES = 2**28  # far above any cache
SQUARE = {"cpu": 2048}  # width of the matrices that are multiplied
SQUARE_ELSEWHERE = 8192
RUNS = 5


@dataclass(frozen=True)
class Machine:
    """A machine, and the highest rates that were seen on it, of all its devices together."""

    name: str
    devices: int
    cores: int
    load: float  # of the minute before the measurement
    versions: dict[str, str]
    bandwidth: float  # bytes a second, read from memory
    products: float  # floating-point operations a second in `dtype`
    dtype: str


def measure_machine(dtype: jnp.dtype) -> Machine:
    """The machine, with its measured bytes and products a second."""
    load = os.getloadavg()[0]
    device = jax.devices()[0]
    return Machine(
        name=processor_name() if device.platform == "cpu" else device.device_kind,
        devices=jax.local_device_count(),
        cores=os.cpu_count() or 1,
        load=round(load, 1),
        versions={"jax": jax.__version__, "python": platform.python_version()},
        bandwidth=measure_bandwidth() * jax.local_device_count(),
        products=measure_products(dtype) * jax.local_device_count(),
        dtype=jnp.dtype(dtype).name,
    )


def measure_bandwidth() -> float:
    """Bytes a second that one device reads from its memory."""
    rows = jnp.ones((64, READ_BYTES // 64 // 4), jnp.float32)  # rows: a CPU shares them out
    return rows.nbytes / fastest(jax.jit(lambda rows: rows.sum(1)), rows)


def measure_products(dtype: jnp.dtype) -> float:
    """Operations a second that one device multiplies square matrices with, as drawing does."""
    width = SQUARE.get(jax.default_backend(), SQUARE_ELSEWHERE)
    square = jnp.ones((width, width), dtype)
    whole = jnp.issubdtype(dtype, jnp.integer)
    if whole and multiplies_bytes():
        multiply = partial(int8_matmul, without_sign(square))
    else:
        total = jnp.int32 if whole else jnp.float32
        multiply = partial(lax.dot, square, preferred_element_type=total)
    return 2 * width**3 / fastest(jax.jit(multiply), square)


def fastest(function: Callable[[Array], Array], x: Array) -> float:
    """Seconds of the fastest of several calls, after one that compiles."""
    function(x).block_until_ready()
    return min(seconds_of(lambda: function(x).block_until_ready()) for _ in range(RUNS))


def seconds_of(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started
