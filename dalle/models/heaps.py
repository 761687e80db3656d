"""The C library's memory, kept small.

glibc gives the threads of a process up to eight heaps a core, and each keeps what its thread has
used once; a process that draws has many threads, of which few allocate at the same time. And it
soon takes arrays of up to 32 MB from its heaps, where the holes that they leave fit no others: of
weights that were read, laid out anew and freed a third stayed.

Large arrays come from the system and go back to it each time, and it hands memory out in pages of
4 KiB, an interrupt for each. In pages of 2 MiB there are few (tests/benchmarks/allocator.py).
"""

import ctypes
import os
import platform
import sys
from collections.abc import Mapping

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # malloc.h
HEAPS = 2
LARGE = 2**20  # bytes; what is larger goes back to the system when it is freed
LARGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


def keep_heaps_small() -> None:
    """Lets threads that begin from now on share HEAPS heaps, and keeps large arrays out of them.

    For the whole process; other C libraries do not need it.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(M_ARENA_MAX, HEAPS)
        library.mallopt(M_MMAP_THRESHOLD, LARGE)


def use_large_pages() -> None:
    """Starts this very program anew with large pages, where nobody has tuned glibc already."""
    if "GLIBC_TUNABLES" not in os.environ:
        start_anew_with(LARGE_PAGES)


def start_anew_with(variables: Mapping[str, str]) -> None:
    """Starts this very program anew if these are not set: glibc reads its own at the start only."""
    if platform.libc_ver()[0] == "glibc" and not variables.items() <= os.environ.items():
        os.execve(sys.executable, sys.orig_argv, os.environ | variables)
