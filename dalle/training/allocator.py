"""Memory settings that make a training step on a CPU about twice as fast.

A step needs a gigabyte or two of passing arrays. By default the C library gives such memory back
to the system at once, and every step pays for getting it anew, in pages of 4 KiB.
"""

import os
import platform
import sys

SETTINGS = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**40),
    "MALLOC_TOP_PAD_": str(2**30),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


def keep_memory() -> None:
    """Starts this very command anew with the settings: glibc reads them at the start only."""
    if platform.libc_ver()[0] != "glibc" or SETTINGS.items() <= os.environ.items():
        return
    os.execve(sys.executable, sys.orig_argv, os.environ | SETTINGS)
