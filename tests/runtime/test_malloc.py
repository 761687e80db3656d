"""malloc keeps its heaps small, gives free memory back, and keeps it for training."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from dalle.runtime import malloc
from dalle.runtime.malloc import HEAPS, LARGE

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


KEEP = "from dalle.runtime.malloc import keep_heaps_small; keep_heaps_small()"
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
GIVE_BACK = "from dalle.runtime import malloc; malloc.PAUSE = 0.05; malloc.give_memory_back()\n"

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
def test_what_is_free_between_what_stays_is_given_back() -> None:
    assert float(run("PATIENCE = 1" + SCATTER)) < 20
    assert float(run(GIVE_BACK + "PATIENCE = 60" + SCATTER)) > 100


@glibc_only
def test_training_is_started_anew_once_with_its_settings() -> None:
    code = (
        "import os, sys\n"
        "from dalle.runtime.malloc import keep_memory\n"
        "print('started', sys.argv[1:], flush=True)\n"
        "keep_memory()\n"
        "print('goes on', os.environ['MALLOC_MMAP_MAX_'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "an argument"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == 2 * ["started ['an argument']"] + ["goes on 0"]


def test_without_glibc_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(malloc.platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(malloc.os, "execve", lambda *_: pytest.fail("started anew"))
    malloc.keep_memory()
