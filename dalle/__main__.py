"""The command line: `python -m dalle VERB ...`, one module for each verb."""

import argparse
import os
import sys
from collections.abc import Sequence

from dalle.commands import (
    audit,
    benchmark,
    edit,
    enlarge,
    evaluate,
    extend,
    generate,
    inspect,
    publish,
    tile,
    train,
    vary,
    verify,
)
from dalle.errors import DalleError
from dalle.runtime.malloc import keep_memory
from dalle.runtime.output import print_any_letter

# A verb's module has HELP (one line), add_arguments(parser) and run(arguments), which may return
# an exit code.
VERBS = {
    "generate": generate,
    "vary": vary,
    "edit": edit,
    "extend": extend,
    "enlarge": enlarge,
    "tile": tile,
    "inspect": inspect,
    "train": train,
    "evaluate": evaluate,
    "benchmark": benchmark,
    "audit": audit,
    "verify": verify,
    "publish": publish,
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
    print_any_letter()
    parsed = build_parser().parse_args(arguments)
    try:
        if os.environ.get("JAX_PLATFORMS"):
            from dalle.runtime.devices import check_devices  # JAX takes its time to import

            check_devices()
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
    sys.exit(main())
