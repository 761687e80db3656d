"""`python -m tests.soak`: a crowd at a real server on this machine, and everyone's outcome."""

import argparse
import asyncio
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from dalle.errors import DalleError

HELP = "Send a crowd to a server of this machine: throughput, refusals, faults, memory."
PHASES = ("throughput", "page", "overload", "faults", "memory")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--phase", nargs="+", choices=PHASES, default=PHASES, metavar="PHASE",
        help=f"among {', '.join(PHASES)} (default: all)")  # fmt: skip
    add("--seconds", type=float, default=60, help="that a phase sends requests for (%(default)s)")
    add("--requests", type=int, default=32, help="of each part of throughput (%(default)s)")
    add("--visitors", type=int, default=50, help="at once, on the page's protocol (%(default)s)")
    add("--factor", type=float, default=10, help="times the capacity, in overload (%(default)s)")
    add("--max-wait", type=int, default=20, help="the server's own setting (%(default)s)")
    add("--seed", type=int, default=0, help="of arrivals and recipes (%(default)s)")
    text = "what python runs as the server (default: app.py)"
    add("--server", type=shlex.split, default=["app.py"], metavar="ARGUMENTS", help=text)
    add("--out", type=Path, default=Path("soak"), metavar="DIR", help="soak.json and plots")


def run(arguments: argparse.Namespace) -> int:
    """Runs the phases in turn on one server; prints the table, writes JSON and plots."""
    # Only here: what draws the plots comes with the training requirements.
    try:
        from tests.soak.plots import plot_all
    except ImportError as error:
        raise DalleError(
            f"{error.name} is missing, and without it there are no plots; "
            "pip install -r dalle/training/requirements.txt."
        ) from error
    from tests.soak.phases import run_phases
    from tests.soak.server import start_server

    with start_server(arguments.server, arguments.max_wait) as (address, process):
        measured = asyncio.run(run_phases(address, process, arguments))
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "soak.json").write_text(json.dumps(measured, indent=2) + "\n")
    plot_all(measured, arguments.out)
    print(as_table(measured["figures"]))
    return 0


def as_table(figures: list[dict]) -> str:
    """The figures in Markdown."""
    lines = ["| figure | measured | goal |", "|---|---|---|"]
    lines += [f"| {row['figure']} | {row['measured']} | {row['goal']} |" for row in figures]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the phases; the exit code is 2 where the person at the screen can mend the fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=HELP)
    add_arguments(parser)
    try:
        return run(parser.parse_args(arguments))
    except DalleError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
