"""Training starts itself anew with its memory settings, once."""

import platform
import subprocess
import sys

import pytest

from dalle.models import heaps
from dalle.training import allocator


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the settings are glibc's")
def test_a_command_is_started_anew_once_with_the_settings():
    code = (
        "import os, sys\n"
        "from dalle.training.allocator import keep_memory\n"
        "print('started', sys.argv[1:], flush=True)\n"
        "keep_memory()\n"
        "print('goes on', os.environ['MALLOC_MMAP_MAX_'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "an argument"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == 2 * ["started ['an argument']"] + ["goes on 0"]


def test_without_glibc_nothing_happens(monkeypatch):
    monkeypatch.setattr(heaps.platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(heaps.os, "execve", lambda *_: pytest.fail("started anew"))
    allocator.keep_memory()
