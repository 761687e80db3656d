"""The C library's memory, kept level; `models/heaps.py` keeps it small.

What is small and stays, such as a kept picture, comes to lie among the arrays of a batch: what is
free between such pieces stays the process's, a little more each time.
"""

import ctypes
import platform
import threading
import time

PAUSE = 30.0  # seconds between two times that memory is given back


def give_memory_back() -> None:
    """Gives back what is free in the heaps, again and again; only glibc needs it."""
    if platform.libc_ver()[0] == "glibc":
        threading.Thread(target=_give_back, name="memory", daemon=True).start()


def _give_back() -> None:
    while True:
        time.sleep(PAUSE)
        ctypes.CDLL(None).malloc_trim(0)
