"""A device that JAX cannot use is told in one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dalle.errors import DalleError
from dalle.runtime import devices

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("asked", "error", "sentence"),
    [
        # As JAX 0.7 does where CUDA is asked for and there is no GPU.
        ("cuda", AssertionError(), "JAX_PLATFORMS is 'cuda', a device that JAX cannot use (there is"
         " none); set JAX_PLATFORMS to cpu, or leave it out."),
        ("abc", RuntimeError("Backend 'abc' is not in the list. (set JAX_PLATFORMS='' to ...)"),
         "JAX_PLATFORMS is 'abc', a device that JAX cannot use (Backend 'abc' is not in the list); "
         "set JAX_PLATFORMS to cpu, or leave it out."),
        ("", RuntimeError("out of memory"), "This machine has a device that JAX cannot use (out of "
         "memory); set JAX_PLATFORMS to cpu, or leave it out."),
    ],
)  # fmt: skip
def test_what_jax_says_becomes_a_sentence(asked, error, sentence, monkeypatch):
    def fail() -> None:
        raise error

    monkeypatch.setattr(devices.jax, "devices", fail)
    monkeypatch.setenv("JAX_PLATFORMS", asked)
    with pytest.raises(DalleError) as told:
        devices.check_devices()
    assert str(told.value) == sentence


def test_the_command_line_says_so_and_ends():
    ended = subprocess.run(
        [sys.executable, "-m", "dalle", "inspect", "nano"],
        cwd=ROOT,
        env=os.environ | {"JAX_PLATFORMS": "nonsense"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("Error: JAX_PLATFORMS is 'nonsense', a device that JAX cannot")
    assert ended.stderr.count("\n") == 1
