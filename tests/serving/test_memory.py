"""Threads share heaps, and what is free in them is given back."""

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
# One in eight of many blocks stays; tells how many megabytes were given back.
SCATTER = """
import time
from pathlib import Path
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
blocks = [bytearray(b"a" * 100_000) for _ in range(2000)]
before = resident()
del blocks[:-1:2], blocks[:-1:2], blocks[:-1:2]
end = time.monotonic() + PATIENCE
while resident() > before - 100 and time.monotonic() < end:
    time.sleep(0.01)
print(before - resident())
"""


def run(code: str) -> str:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout


def count_heaps(code: str) -> int:
    return run(code).count("<heap nr=")


pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="heaps of threads are glibc's"
)
KEEP = "from dalle.serving import memory; memory.PAUSE = 0.05; memory.keep_level()\n"


def test_threads_share_heaps() -> None:
    assert count_heaps(USE) > HEAPS
    assert count_heaps(KEEP + USE) <= HEAPS


def test_what_is_free_between_what_stays_is_given_back() -> None:
    assert float(run("PATIENCE = 1" + SCATTER)) < 20
    assert float(run(KEEP + "PATIENCE = 60" + SCATTER)) > 100
