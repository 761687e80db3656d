"""The C library's memory, kept small.

glibc gives the threads of a process up to eight heaps a core, and each keeps what its thread has
used once; a process that draws has many threads, of which few allocate at the same time. And it
soon takes arrays of up to 32 MB from its heaps, where the holes that they leave fit no others: of
weights that were read, laid out anew and freed a third stayed.
"""

import ctypes
import platform

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # malloc.h
HEAPS = 2
LARGE = 2**20  # bytes; what is larger goes back to the system when it is freed


def keep_heaps_small() -> None:
    """Lets threads that begin from now on share HEAPS heaps, and keeps large arrays out of them.

    For the whole process; other C libraries do not need it.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(M_ARENA_MAX, HEAPS)
        library.mallopt(M_MMAP_THRESHOLD, LARGE)
