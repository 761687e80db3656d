"""The devices that JAX computes on, asked for before anything is loaded."""

import os

import jax

from dalle.errors import DalleError

VARIABLE = "JAX_PLATFORMS"


def check_devices() -> None:
    """DalleError where JAX cannot use the devices that the variable, or it itself, chose."""
    try:
        jax.devices()
    except (RuntimeError, AssertionError) as error:
        # JAX asserts that there is a GPU where CUDA is asked for, and says nothing.
        reason = str(error).partition("(set ")[0].strip().rstrip(".") or "there is none"
        asked = os.environ.get(VARIABLE)
        what = f"{VARIABLE} is {asked!r}, a device" if asked else "This machine has a device"
        raise DalleError(
            f"{what} that JAX cannot use ({reason}); set {VARIABLE} to cpu, or leave it out."
        ) from error
