"""Threads share heaps."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from dalle.serving.memory import HEAPS

# Threads that all have memory at the same time; then the C library tells its heaps, in XML.
USE = """
import ctypes, threading
everybody = threading.Barrier(16)
def use():
    block = bytearray(100_000)
    everybody.wait()
threads = [threading.Thread(target=use) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


def count_heaps(code: str) -> int:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return told.count("<heap nr=")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="heaps of threads are glibc's")
def test_threads_share_heaps() -> None:
    share = "from dalle.serving.memory import share_heaps; share_heaps()"
    assert count_heaps(USE) > HEAPS
    assert count_heaps(share + USE) <= HEAPS
