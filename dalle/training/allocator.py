"""Memory settings that make a training step on a CPU about twice as fast.

A step needs a gigabyte or two of passing arrays. By default the C library gives such memory back
to the system at once, and every step pays for getting it anew, in pages of 4 KiB.
"""

from dalle.models.heaps import LARGE_PAGES, start_anew_with

SETTINGS = LARGE_PAGES | {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**40),
    "MALLOC_TOP_PAD_": str(2**30),
}


def keep_memory() -> None:
    """Starts this very command anew with the settings."""
    start_anew_with(SETTINGS)
