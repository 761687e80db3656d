"""What kind of machine draws: other kinds round sums differently, and so draw other pictures."""

import platform

import jax


def machine_kind() -> str:
    """Such as "cpu x86_64", or an accelerator's own name: "tpu v5 lite", "nvidia a100"."""
    device = jax.devices()[0]
    if device.platform == "cpu":
        return f"cpu {platform.machine().lower()}"
    return device.device_kind.lower()
