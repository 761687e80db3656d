"""The command line: `python -m dalle VERB ...`, one module for each verb."""

import argparse
import sys
from collections.abc import Sequence

from dalle.commands import audit, benchmark, evaluate, generate, inspect, soak, train, verify
from dalle.errors import DalleError
from dalle.models.heaps import use_large_pages
from dalle.training.allocator import keep_memory

# A verb's module has HELP (one line), add_arguments(parser) and run(arguments), which may return
# an exit code.
VERBS = {
    "generate": generate,
    "inspect": inspect,
    "train": train,
    "evaluate": evaluate,
    "benchmark": benchmark,
    "audit": audit,
    "verify": verify,
    "soak": soak,
}


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dalle", description="Pictures from a prompt, on your own machine."
    )
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb, module in VERBS.items():
        subparser = verbs.add_parser(verb, help=module.HELP, description=module.HELP)
        module.add_arguments(subparser)
        subparser.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb; the exit code is 2 where the person at the screen can mend the fault."""
    parsed = build_parser().parse_args(arguments)
    try:
        return parsed.run(parsed) or 0
    except DalleError as error:
        print(f"Error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    if sys.argv[1:2] == ["train"]:
        keep_memory()
    else:
        use_large_pages()
    sys.exit(main())
