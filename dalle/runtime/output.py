"""Standard output and error take any letters."""

import sys


def print_any_letter() -> None:
    """Letters that a terminal or a pipe cannot carry are written as escapes, and end nothing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # not where a test or a program put its own
            stream.reconfigure(errors="backslashreplace")
