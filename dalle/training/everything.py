"""All parts in turn, from the model that ships to a better one, in the time that there is.

Each part is a call of `python -m dalle train PART` in a process of its own: it resumes from its
checkpoint, and its memory is free again for the next one.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from dalle.errors import DalleError

# part: (share of the minutes, options). The codes stay as they are, so that parts fit together.
PLAN: dict[str, tuple[float, tuple[str, ...]]] = {
    "things": (0.25, ("--stage", "cells")),
    "finisher": (0.15, ()),
    "bart": (0.40, ()),
    "hearing": (0.15, ("--stage", "asked")),
    "clip-hearing": (0.05, ("--stage", "asked")),
}
GENTLE = 0.3  # of each part's usual learning rate, as the shipped weights have cooled down
EXPORTED = {"bart": "bart", "hearing": "bart", "clip-hearing": "clip"}  # folder of the model


def plan(
    minutes: float, runs: Path, sprites: Path, out: Path, rates: dict[str, float]
) -> list[list[str]]:
    """The arguments of `train` for each part, in order; `rates` are the usual ones by part."""
    if not 1 <= minutes <= 10_000:
        raise DalleError(f"--minutes is {minutes:g}; it must be from 1 to 10000.")
    where = ["--runs", str(runs), "--sprites", str(sprites)]
    calls = [] if (runs / "bart").is_dir() else [["adopt", *where]]
    for part, (share, options) in PLAN.items():
        rate = f"{GENTLE * rates[part]:g}"
        call = [part, *where, *options, "--minutes", f"{share * minutes:g}"]
        call += ["--learning-rate", rate]
        if part in EXPORTED:
            call += ["--export", str(out / EXPORTED[part])]
        calls.append(call)
    # The reader learns nothing more; it is written with the parts around it.
    calls.append(["vqgan", *where, "--steps", "0", "--export", str(out / "vqgan")])
    return calls


def train_everything(
    calls: Sequence[Sequence[str]], run: Callable[[Sequence[str]], int] | None = None
) -> None:
    """Makes the calls one after another; DalleError where one of them fails."""
    run = run or (lambda call: subprocess.run([sys.executable, "-m", "dalle", *call]).returncode)
    for call in calls:
        print("dalle train", *call, flush=True)
        if run(["train", *call]):
            raise DalleError(
                f"The part {call[0]} failed; its message is above. The same command goes on there."
            )
