"""An accelerator that idles is told, with the line to change."""

import importlib.metadata
from pathlib import Path

import jax
import pytest

from dalle.runtime import accelerator
from dalle.runtime.accelerator import idle_notice, require_accelerator
from dalle.settings import SettingsError

JAX = importlib.metadata.version("jax")
CHANGE = (
    f"in requirements.txt, change the line jax=={JAX} to jax[{{}}]=={JAX}, then install it again"
)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A function that makes a file of this machine's; JAX sees the processor alone."""
    monkeypatch.setattr(accelerator, "ROOT", tmp_path)
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    monkeypatch.setattr(accelerator, "installed_version", lambda package: None)

    def make(path: str, content: str = "") -> Path:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file

    return make


@pytest.mark.parametrize("path", ["dev/nvidia0", "dev/nvidiactl", "usr/lib/wsl/lib/nvidia-smi"])
def test_a_gpu_idles_without_its_plugin(machine, path):
    machine(path)
    told = f"This machine has an NVIDIA GPU, but JAX runs on the CPU: {CHANGE}."
    assert idle_notice({}) == told.format("cuda12")


def test_a_space_tells_what_is_paid_for(machine):
    assert "has an NVIDIA GPU" in idle_notice({"ACCELERATOR": "t4-small"})
    assert idle_notice({"ACCELERATOR": "none"}) is None


def test_a_tpu_is_a_chip_of_google_s(machine):
    machine("sys/bus/pci/devices/0000:00:04.0/vendor", "0x1ae0\n")
    device = machine("sys/bus/pci/devices/0000:00:04.0/device", "0x0042\n")
    assert idle_notice({}) is None  # a network card of the same maker
    device.write_text("0x0063\n")
    told = f"This machine has a TPU, but JAX runs on the CPU: {CHANGE}."
    assert idle_notice({}) == told.format("tpu")


def test_nothing_is_told_where_nothing_idles(machine, monkeypatch):
    assert idle_notice({}) is None
    machine("dev/nvidia0")
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert idle_notice({}) is None
    require_accelerator({})


@pytest.mark.parametrize(
    ("installed", "told"),
    [
        ("0.7.2", f"jax-cuda12-plugin 0.7.2 does not fit jax {JAX}; run pip install 'jax[cuda12]"),
        (JAX, f"jax-cuda12-plugin {JAX} is installed and finds none; run nvidia-smi"),
    ],
)
def test_a_plugin_that_does_not_help_is_told(machine, monkeypatch, installed, told):
    machine("dev/nvidia0")
    versions = {"jax-cuda12-plugin": installed}
    monkeypatch.setattr(accelerator, "installed_version", versions.get)
    assert told in idle_notice({})


def test_a_platform_that_was_chosen_is_told(machine):
    machine("dev/nvidia0")
    assert idle_notice({"JAX_PLATFORMS": "cpu"}).endswith(
        "the variable JAX_PLATFORMS is 'cpu'; unset it."
    )


def test_on_zero_gpu_jax_runs_on_the_cpu(machine):
    machine("dev/nvidia0")
    assert idle_notice({"SPACES_ZERO_GPU": "true", "ACCELERATOR": "zero-a10g"}) == (
        "ZeroGPU lends its GPUs to PyTorch alone, so JAX runs on the CPU."
    )


def test_an_owner_may_require_one(machine):
    with pytest.raises(SettingsError, match=r"is 1, and no accelerator is used\. JAX runs"):
        require_accelerator({})
    machine("dev/nvidia0")
    with pytest.raises(SettingsError, match=r"no accelerator is used\. This machine has an NVIDIA"):
        require_accelerator({})
