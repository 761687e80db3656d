"""The C library's memory, kept small.

glibc gives the threads of a process up to eight heaps a core, and each keeps the memory that its
thread has used once. A server has many threads, and few of them allocate at the same time. And it
soon takes arrays of up to 32 MB from its heaps, where the holes that they leave fit no others: of
weights that were read, laid out anew and freed a third stayed.

Large arrays come from the system and go back to it each time. It hands memory out in pages of 4
KiB, an interrupt for each. In pages of 2 MiB there are few (tests/benchmarks/allocator.py).
"""

import ctypes
import os
import platform
import sys
import threading
import time
from collections.abc import Mapping

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # malloc.h
HEAPS = 2
LARGE = 2**20  # bytes; larger blocks go back to the system when they are freed
LARGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


def keep_heaps_small() -> None:
    """Lets threads that begin from now on share HEAPS heaps, and keeps large arrays out of them.

    For the whole process; other C libraries do not need it.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(M_ARENA_MAX, HEAPS)
        library.mallopt(M_MMAP_THRESHOLD, LARGE)


def start_anew_with(variables: Mapping[str, str]) -> None:
    """Starts this very program anew if these are not set: glibc reads its own at the start only."""
    if platform.libc_ver()[0] == "glibc" and not variables.items() <= os.environ.items():
        os.execve(sys.executable, sys.orig_argv, os.environ | variables)


PAUSE = 30.0  # seconds between two times that memory is given back


def give_memory_back() -> None:
    """Returns the holes in glibc's heaps to the system, twice a minute."""
    if platform.libc_ver()[0] == "glibc":
        threading.Thread(target=_give_back, name="memory", daemon=True).start()


def _give_back() -> None:
    while True:
        time.sleep(PAUSE)
        ctypes.CDLL(None).malloc_trim(0)


SETTINGS = LARGE_PAGES | {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**40),
    "MALLOC_TOP_PAD_": str(2**30),
}


def keep_memory() -> None:
    """Starts this very command anew with the settings."""
    start_anew_with(SETTINGS)
