"""Threads share heaps, and what is large leaves none in them."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from dalle.models.heaps import HEAPS, LARGE

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


KEEP = "from dalle.models.heaps import keep_heaps_small; keep_heaps_small()"
# Every second of many arrays is freed; then the kilobytes that were in use before and are now.
HOLES = f"""
import ctypes, re
def used():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1])
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
libc.free(libc.malloc(16 * {LARGE}))  # from now on glibc itself would take such from its heap
arrays = [libc.malloc(2 * {LARGE}) for _ in range(32)]
for array in arrays:
    libc.memset(array, 1, 2 * {LARGE})
before = used()
for array in arrays[::2]:
    libc.free(array)
print(before - used())
"""
FREED = 16 * 2 * LARGE // 1024

glibc_only = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's own settings")


def run(code: str) -> str:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout


def count_heaps(code: str) -> int:
    return run(code).count("<heap nr=")


@glibc_only
def test_freed_arrays_leave_no_holes() -> None:
    assert int(run(HOLES)) < FREED / 2
    assert int(run(f"{KEEP}{HOLES}")) > FREED * 0.9


@glibc_only
def test_threads_share_heaps() -> None:
    assert count_heaps(USE) > HEAPS
    assert count_heaps(KEEP + USE) <= HEAPS


@glibc_only
def test_a_program_is_started_anew_once_with_large_pages(monkeypatch) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    code = (
        "import os; from dalle.models.heaps import use_large_pages\n"
        "print('started', flush=True); use_large_pages(); print(os.environ['GLIBC_TUNABLES'])"
    )
    assert run(code).split() == ["started", "started", "glibc.malloc.hugetlb=1"]
    # What somebody has tuned themselves stays as it is.
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=7")
    assert run(code).split() == ["started", "glibc.malloc.tcache_count=7"]
