"""Peak memory of a run in a process of its own, beside the estimate.

    python -m dalle.benchmark.memory_peaks MODEL PRECISION CANDIDATES LAYERS

generates once, with previews as for the page, and writes JSON. LAYERS 0: all published layers.
"""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass

from dalle.benchmark.stages import PROMPT, knobs_for, load_measured, model_files, peak_memory
from dalle.errors import DalleError
from dalle.generation.precision import product_dtypes
from dalle.models.inspection import describe_files

HEADER = "| candidates | estimate, MB | peak, MB | peak / estimate |\n|---|---|---|---|"


@dataclass(frozen=True)
class Peak:
    """One number of candidates; `str` makes a line of a table of it."""

    candidates: int
    estimate: int  # bytes
    peak: int  # bytes, of the whole process on a CPU, of the first device elsewhere

    def __str__(self) -> str:
        return (
            f"| {self.candidates} | {self.estimate / 1e6:,.0f} | {self.peak / 1e6:,.0f} "
            f"| {self.peak / self.estimate:.2f} |"
        )


def measure_peak(model: str, precision: str, candidates: int, layers: int | None = None) -> Peak:
    """The peak of a new process that generates them; DalleError where it fails.

    This process uses no device, so that the other one has all of its memory.
    """
    arguments = [model, precision, str(candidates), str(layers or 0)]
    command = [sys.executable, "-m", __name__, *arguments]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if ended.returncode:
        raise DalleError(
            f"{candidates} candidates of {model} could not be drawn: the process ended with "
            f"{ended.returncode} and says why above; -9 means that there was not enough memory."
        )
    return Peak(**json.loads(ended.stdout))


def generate_once(model: str, precision: str, candidates: int, layers: int | None) -> Peak:
    """The peak of a run in this process."""
    decoder_dtype, products = product_dtypes(precision)
    with model_files(model, layers) as files:
        estimate = (
            describe_files(files, [candidates], products, decoder_dtype).memory[candidates].peak
        )
        pipeline, _ = load_measured(files, precision)
    for _ in pipeline.stream(PROMPT, seed=0, **knobs_for(candidates)):
        pass
    peak = peak_memory()
    if peak is None:
        raise DalleError("this system does not tell how much memory was used; Linux does.")
    return Peak(candidates, estimate, peak)


def main(model: str, precision: str, candidates: str, layers: str) -> None:
    try:
        print(
            json.dumps(
                asdict(generate_once(model, precision, int(candidates), int(layers) or None))
            )
        )
    except DalleError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
