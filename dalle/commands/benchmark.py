"""`benchmark`: how fast this machine draws, and how fast it could."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dalle.errors import DalleError
from dalle.settings import DEFAULT_MODEL, LIMITS, PRECISIONS, SettingsError

HELP = "Measure seconds per stage, memory, and how far from the machine's limits they are."
RANDOM = ("random:mini", "random:mega")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", type=names, default=(DEFAULT_MODEL,), metavar="MODEL,MODEL,...",
        help="one or several models, or the geometry of a published one with random weights: "
        f"{', '.join(RANDOM)} (default: {DEFAULT_MODEL})",
    )  # fmt: skip
    parser.add_argument(
        "--candidates", type=counts, default=(16,), metavar="N,N,...",
        help="one or several numbers of candidates, 1 to 64 (default: 16)",
    )  # fmt: skip
    parser.add_argument(
        "--requests", type=counts, default=(), metavar="N,N,...",
        help="also so many requests of 16 candidates each in one batch, such as 1,8,32",
    )  # fmt: skip
    parser.add_argument("--runs", type=positive, default=5, metavar="N", help="default: 5")
    parser.add_argument("--precision", choices=PRECISIONS, default=PRECISIONS[0])
    parser.add_argument(
        "--layers", type=positive, metavar="N",
        help="so many layers instead of the published ones, for a quick try (random models only)",
    )  # fmt: skip
    parser.add_argument(
        "--against", choices=("min-dalle",),
        help="draw in turn with this program, which is installed into .cache/ (random models only)",
    )  # fmt: skip
    parser.add_argument(
        "--precisions", action="store_true",
        help="also compare logits, codes and scores in bfloat16, float16 and int8 with float32",
    )  # fmt: skip
    parser.add_argument(
        "--memory", action="store_true",
        help="instead of all else: the most memory that drawing once takes, in a new process for "
        "each number of candidates, against the estimate of `inspect`",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw seconds against candidates")


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is too small; it must be at least 1")
    return number


def names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",")))


def counts(text: str) -> tuple[int, ...]:
    """Numbers of candidates, rising, each once."""
    high = int(LIMITS["candidates"][1])
    try:
        numbers = sorted({int(part) for part in text.split(",")})
    except ValueError:
        numbers = [0]
    if not 1 <= numbers[0] <= numbers[-1] <= high:
        raise argparse.ArgumentTypeError(
            f"{text!r} must be numbers from 1 to {high} with commas between them, such as 1,4,16"
        )
    return tuple(numbers)


def run(arguments: argparse.Namespace) -> None:
    published = [name for name in arguments.model if name not in RANDOM]
    if (arguments.layers or arguments.against) and published:
        raise SettingsError(
            f"--layers and --against need random weights, and the model is {published[0]}; "
            f"take --model {' or '.join(RANDOM)}."
        )
    others = (arguments.against, arguments.precisions, arguments.plot, arguments.requests)
    if arguments.memory and any(others):
        raise SettingsError(
            "--memory measures memory alone; leave --against, --precisions, --plot and --requests "
            "away."
        )
    if arguments.plot and len(arguments.model) > 1:
        raise SettingsError("--plot draws one model; give one, or leave --plot away.")
    for file in (arguments.json, arguments.plot):
        if file and not file.absolute().parent.is_dir():
            raise DalleError(f"{file} cannot be written: its folder does not exist; make it first.")

    if arguments.memory:
        tell_memory(arguments)
    else:
        tell_seconds(arguments)


def tell_memory(arguments: argparse.Namespace) -> None:
    from dalle.benchmark.memory_peaks import HEADER, measure_peak

    peaks = []
    for name in arguments.model:
        print(HEADER if len(arguments.model) == 1 else f"{name}\n{HEADER}", flush=True)
        for count in arguments.candidates:
            peak = measure_peak(name, arguments.precision, count, arguments.layers)
            print(peak, flush=True)  # each takes its time
            peaks.append({"model": name} | asdict(peak))
    if arguments.json:
        write_json(arguments.json, peaks)


def tell_seconds(arguments: argparse.Namespace) -> None:
    from dalle.benchmark.benchmark import measure
    from dalle.benchmark.report import plot

    reports = []
    for name in arguments.model:
        report = measure(
            name, arguments.precision, arguments.candidates, arguments.runs,
            layers=arguments.layers, against=arguments.against, precisions=arguments.precisions,
            requests=arguments.requests,
        )  # fmt: skip
        print(report, flush=True)
        reports.append(report.as_dict())
        if arguments.json:  # after each: finished measurements are kept if a later one fails
            write_json(arguments.json, reports if len(arguments.model) > 1 else report.as_dict())
    if arguments.plot:
        plot(report, arguments.plot)


def write_json(file: Path, figures: Any) -> None:
    from dalle.files import write_atomically

    write_atomically(file, (json.dumps(figures, indent=1) + "\n").encode())
