"""The C library's memory, kept small.

glibc gives the threads of a process up to eight heaps a core, and each keeps what its thread has
used once. A server has many threads, of which few allocate at the same time.
"""

import ctypes
import platform

M_ARENA_MAX = -8  # malloc.h
HEAPS = 2


def share_heaps() -> None:
    """Lets threads that begin from now on share HEAPS heaps; other C libraries do not need it."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, HEAPS)
