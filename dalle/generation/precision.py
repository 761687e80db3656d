"""The kind of the machine: other kinds round sums differently, and so draw other pictures."""

import platform

import jax
import jax.numpy as jnp

from dalle.models.hardware import (
    dtype_beside,
    inference_dtype,
    multiplies_bytes,
    picture_dtype,
)


def machine_kind() -> str:
    """Such as "cpu x86_64", or an accelerator's own name: "tpu v5 lite", "nvidia a100"."""
    device = jax.devices()[0]
    if device.platform == "cpu":
        return f"cpu {platform.machine().lower()}"
    return device.device_kind.lower()


def chosen_precision(precision: str) -> str:
    """The precision that "auto" stands for on this machine, or the one given.

    The fastest whose pictures CLIP scores as those of float32 (`benchmark --precisions`).
    """
    if precision != "auto":
        return precision
    return "int8" if multiplies_bytes() else inference_dtype().name


def product_dtypes(precision: str) -> tuple[jnp.dtype, jnp.dtype]:
    """The dtype that codes are drawn in, and that of the products beside, which is never int8.

    Reading a prompt is a small part of the work, and a picture shows every rounding.
    """
    decoder_dtype = jnp.dtype(chosen_precision(precision))
    return decoder_dtype, dtype_beside(decoder_dtype)


def decoding_dtype(precision: str) -> jnp.dtype:
    """The dtype of the image decoder's products: int8 where that is faster than the others."""
    return picture_dtype(*product_dtypes(precision))
