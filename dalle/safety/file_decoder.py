"""Decodes strangers' pictures in processes that can be ended: bounded in time and in memory.

A thread cannot be ended in the midst of Pillow's C code, so one hostile picture could hold a core
for ever.
"""

import atexit
import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from dalle.errors import DalleError, FaultError
from dalle.safety.decode_process import READY, REQUEST, read_answer
from dalle.safety.open_image import MAX_MEGABYTES

PROCESSES = 2
SECONDS = 5  # of a core that a picture may take; the largest honest one takes half of one
LONGEST = 30.0  # seconds by the clock, as a busy machine has other work
START_SECONDS = 60  # that the process may take until it is ready
PATIENCE = 60.0  # seconds that a picture waits for its turn
COMMAND = (sys.executable, "-W", "ignore", "-m", "dalle.safety.decode_process")
# It gets nothing else of the server's environment, where keys and tokens are.
INHERITED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TEMP")


class DecoderProcess:
    """A process that is started when it is first needed, and again after it was ended."""

    def __init__(
        self, command: Sequence[str] = COMMAND, seconds: int = SECONDS, longest: float = LONGEST
    ) -> None:
        self._command, self._seconds, self._longest = command, seconds, longest
        self._process: subprocess.Popen | None = None

    def decode(
        self, content: bytes, megabytes: int, square: int, mask: bool = False
    ) -> Image.Image:
        """A picture as the function `decode` returns it; one at a time."""
        process = self._running()
        head = REQUEST.pack(len(content), megabytes, square, mask, self._seconds)
        try:
            with self._ended_after(self._longest, process):
                process.stdin.write(head + content)
                process.stdin.flush()
                return read_answer(process.stdout)
        except (EOFError, OSError, ValueError) as error:
            self.end()
            raise DalleError(
                f"The picture takes more than {self._seconds} seconds to decode; save it anew, or "
                "smaller, with another program."
            ) from error

    def end(self) -> None:
        """Ends the process, if there is one, and waits until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # the rest is not sent any more
                pipe.close()

    def _running(self) -> subprocess.Popen:
        if self._process is not None and self._process.poll() is not None:
            self.end()
        if self._process is not None:
            return self._process
        process = self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is the server's, which ends it
        )
        # Its start is not the picture's fault, and takes its time on a busy machine.
        with self._ended_after(START_SECONDS, process):
            ready = process.stdout.read(len(READY))
        if ready != READY:
            self.end()
            raise FaultError("Pictures cannot be read at this moment; try it again later.")
        return process

    @contextlib.contextmanager
    def _ended_after(self, seconds: float, process: subprocess.Popen) -> Iterator[None]:
        """Kills the process where the block takes longer."""
        overdue = threading.Event()

        def stop() -> None:
            overdue.set()
            process.kill()

        timer = threading.Timer(seconds, stop)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            if overdue.is_set():  # perhaps in the very moment of the answer
                self.end()


class Decoder:
    """Several such processes; a caller that waits too long is told to come again."""

    def __init__(self, processes: Sequence[DecoderProcess], patience: float = PATIENCE) -> None:
        self._processes, self._patience = processes, patience
        self._idle: queue.LifoQueue[DecoderProcess] = queue.LifoQueue()
        for process in processes:
            self._idle.put(process)

    def decode(
        self, content: bytes, megabytes: int, square: int, mask: bool = False
    ) -> Image.Image:
        """A picture as `decode` returns it."""
        try:
            process = self._idle.get(timeout=self._patience)
        except queue.Empty as error:
            raise DalleError(
                "Too many pictures are being read at this moment; try it again in a minute."
            ) from error
        try:
            return process.decode(content, megabytes, square, mask)
        finally:
            self._idle.put(process)

    def end(self) -> None:
        """Ends all processes."""
        for process in self._processes:
            process.end()


_decoder = Decoder([DecoderProcess() for _ in range(PROCESSES)])
atexit.register(_decoder.end)


def decode(content: bytes, megabytes: int = MAX_MEGABYTES, square: int = 0) -> Image.Image:
    """A stranger's picture as RGB, with the notes of its file and its count of pixels in `info`.

    With `square` it is the middle, at most `square` pixels a side. DalleError where the file is
    beyond the limits of `open_bounded`, takes longer than SECONDS, or cannot be read.
    """
    return _decoder.decode(content, megabytes, square)


def decode_mask(content: bytes, megabytes: int = MAX_MEGABYTES) -> Image.Image:
    """A stranger's mask, white where it is transparent, or white where no part of it is so.

    Errors as `decode`.
    """
    return _decoder.decode(content, megabytes, 0, mask=True)


def _environment() -> dict[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return inherited | {"PYTHONPATH": str(Path(__file__).parents[2])}
