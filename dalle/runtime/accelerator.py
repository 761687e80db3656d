"""Finds an accelerator that JAX does not use, and names the line to change."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import jax

from dalle.settings import SettingsError

ROOT = Path("/")
# Files of NVIDIA's driver; the last one is that of Linux in Windows (WSL2).
NVIDIA_FILES = ("dev/nvidia0", "dev/nvidiactl", "usr/lib/wsl/lib/nvidia-smi")
# Chips on the PCI bus, as JAX itself finds them (jax/_src/hardware_utils.py).
GOOGLE = "0x1ae0"
TPU_CHIPS = {"0x0027", "0x0056", "0x005e", "0x0062", "0x0063", "0x006f", "0x0076"}

ZERO_GPU_VARIABLE = "SPACES_ZERO_GPU"
ZERO_GPU_NOTICE = "ZeroGPU lends its GPUs to PyTorch alone, so JAX runs on the CPU."


@dataclass(frozen=True)
class Accelerator:
    """A kind of accelerator, and the packages that JAX needs for it."""

    name: str
    extra: str  # of the package jax
    plugins: tuple[str, ...]  # packages that bring it, any of them
    check: str  # advice where the right package finds no device


GPU = Accelerator(
    "an NVIDIA GPU", "cuda12", ("jax-cuda12-plugin", "jax-cuda13-plugin"),
    "run nvidia-smi; CUDA 12 needs driver 525 or newer",
)  # fmt: skip
TPU = Accelerator("a TPU", "tpu", ("libtpu",), "look whether another process holds it")


def on_zero_gpu(environment: Mapping[str, str]) -> bool:
    """Whether this process runs on the Hub's shared GPUs."""
    return environment.get(ZERO_GPU_VARIABLE, "").lower() in ("1", "true")


def find_accelerator(environment: Mapping[str, str]) -> Accelerator | None:
    """The accelerator that the machine has, whether or not JAX sees it."""
    if any((ROOT / name).exists() for name in NVIDIA_FILES):
        return GPU
    # A Space names its paid hardware.
    if environment.get("ACCELERATOR", "none").lower() not in ("", "none"):
        return GPU
    return TPU if has_tpu() else None


def has_tpu() -> bool:
    """Whether a TPU is on the PCI bus."""
    return any(
        vendor.read_text().strip() == GOOGLE
        and vendor.with_name("device").read_text().strip() in TPU_CHIPS
        for vendor in ROOT.glob("sys/bus/pci/devices/*/vendor")
    )


def idle_notice(environment: Mapping[str, str] = os.environ) -> str | None:
    """One sentence with the line to change where an accelerator idles; None where none does."""
    if jax.default_backend() != "cpu":
        return None
    if on_zero_gpu(environment):
        return ZERO_GPU_NOTICE
    found = find_accelerator(environment)
    if found is None:
        return None
    change = cure(found, environment)
    return f"This machine has {found.name}, but JAX runs on the CPU: {change}."


def cure(found: Accelerator, environment: Mapping[str, str]) -> str:
    """The change that lets JAX use this accelerator, in words."""
    platforms = environment.get("JAX_PLATFORMS", "")
    if platforms:
        return f"the variable JAX_PLATFORMS is {platforms!r}; unset it"
    jax_version = version("jax")
    line = f"jax[{found.extra}]=={jax_version}"
    installed = {name: told for name in found.plugins if (told := installed_version(name))}
    if not installed:
        return (
            f"in requirements.txt, change the line jax=={jax_version} to {line}, then install it "
            "again"
        )
    name, told = next(iter(installed.items()))
    if name.startswith("jax-") and told != jax_version:
        return f"{name} {told} does not fit jax {jax_version}; run pip install '{line}'"
    return f"{name} {told} is installed and finds none; {found.check}"


def installed_version(package: str) -> str | None:
    """The version of a package; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def require_accelerator(environment: Mapping[str, str] = os.environ) -> None:
    """SettingsError where JAX runs on the CPU."""
    if jax.default_backend() == "cpu":
        reason = idle_notice(environment) or "JAX runs on the CPU, and no other device was found."
        raise SettingsError(
            f"NINEFOLD_REQUIRE_ACCELERATOR is 1, and no accelerator is used. {reason}"
        )
