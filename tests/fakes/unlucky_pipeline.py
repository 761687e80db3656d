"""A pipeline that breaks at each step of the way; run as a program it serves the app with it.

PORT=8000 python -m tests.fakes.unlucky_pipeline
"""

import errno
import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest import mock

from dalle.errors import DalleError
from dalle.generation.result import Preview, Result
from dalle.generation.run import Run, Slot
from tests.fakes.engine import FakePipeline, main

# Prompts that break something each; "exit" and "preview" only who watches.
FAULTS = ("no number", "batch", "preview", "exit", "ranker", "break", "fail")
SPARED = "a dog"  # drawn by itself, it never runs out of memory
FULL_DISK = 28  # the seed of the files that find no room


class Unlucky(FakePipeline):
    """Breaks as the prompt says; and now and then its memory runs out."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(seconds)
        self.dice = random.Random(1)
        self.odds = 0.005  # that memory runs out, at each chunk

    def generate_batch(self, slots: Sequence[Slot], size: int = 4) -> Iterator[None]:
        for chunk in super().generate_batch(slots, size):
            for slot in slots:
                if slot.run.prompt == "no number":
                    slot.run.failure = DalleError("The model gave no number.")
                if slot.run.prompt == "batch":
                    raise RuntimeError("secret detail")
            spared = all(slot.run.prompt == SPARED for slot in slots)
            if not spared and self.dice.random() < self.odds:
                raise MemoryError
            yield chunk

    def preview(self, run: Run) -> Preview:
        if run.prompt == "preview":
            raise ValueError("secret detail")
        if run.prompt == "exit":
            raise SystemExit(1)
        return super().preview(run)

    def finish(self, run: Run) -> Result:
        if run.prompt == "ranker":
            raise ValueError("secret detail")
        return super().finish(run)


def keep_where_there_is_room(partial: Path, path: Path) -> None:
    """os.replace on a disk that some pictures do not fit on; their seed is in their name."""
    if path.name.startswith(f"{FULL_DISK}-"):
        raise OSError(errno.ENOSPC, "No space left on device")
    os.rename(partial, path)


if __name__ == "__main__":
    with mock.patch("dalle.files.os.replace", keep_where_there_is_room):
        main(Unlucky)
