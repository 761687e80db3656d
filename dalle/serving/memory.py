"""The C library's memory, kept small and level. Other C libraries than glibc do not need it.

glibc gives the threads of a process up to eight heaps a core, and each keeps what its thread has
used once. A server has many threads, of which few allocate at the same time. And what is small and
stays, such as a kept picture, comes to lie among the large arrays of a batch: what is free between
such pieces stays the process's, a little more each time.
"""

import ctypes
import platform
import threading
import time

M_ARENA_MAX = -8  # malloc.h
HEAPS = 2
PAUSE = 30.0  # seconds between two times that memory is given back


def keep_level() -> None:
    """Lets threads that begin from now on share HEAPS heaps, and gives back what they let go of."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, HEAPS)
        threading.Thread(target=_give_back, name="memory", daemon=True).start()


def _give_back() -> None:
    while True:
        time.sleep(PAUSE)
        ctypes.CDLL(None).malloc_trim(0)
