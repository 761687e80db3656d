"""`publish`: this checkout as a Space on the Hugging Face Hub."""

import argparse
import os
import re
from pathlib import Path

from dalle.publish.space_files import SpaceFile, check_sizes, list_files, megabytes
from dalle.publish.space_hardware import FLAVOURS, FREE_ACCOUNT, ZERO_GPU, Hardware, find_hardware
from dalle.settings import DEFAULT_MODEL, SettingsError

HELP = "Make a Space on the Hugging Face Hub from this checkout, or bring one up to date."
TERMS = (
    f"{FREE_ACCOUNT}; cpu-basic needs PRO, a GPU is paid by the hour. The upload is README.md, "
    "app.py, requirements.txt, assets and dalle, without anything hidden. In assets and dalle of "
    "the Space, files that are not here are deleted. It needs a token (hf auth login)."
)
ROOT = Path(__file__).parents[2]
SPACE_NAME = re.compile(r"[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95}", re.ASCII)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = TERMS
    parser.add_argument("space", metavar="OWNER/NAME", help="the Space")
    parser.add_argument(
        "--hardware", default=ZERO_GPU, metavar="NAME",
        help=f"one of {', '.join(FLAVOURS)} (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, help="the first model to draw with (default: %(default)s)"
    )
    parser.add_argument(
        "--variable", action="append", default=[], metavar="NAME=VALUE",
        help="another setting of the server, such as NINEFOLD_NAME=Dice; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--private", action="store_true", help="only you may see it; for a new Space"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only list the files and the requests to the Hub"
    )


def run(arguments: argparse.Namespace) -> None:
    from dalle.publish.variables import read_variables

    if not SPACE_NAME.fullmatch(arguments.space):
        raise SettingsError(
            f"the Space is {arguments.space[:200]!r}; it must be OWNER/NAME, in letters, digits, "
            "dots, dashes and underscores."
        )
    hardware = find_hardware(arguments.hardware)
    variables = read_variables(arguments.model, arguments.variable)
    files = list_files(ROOT, hardware, arguments.space)
    total = megabytes(sum(file.size for file in files))
    print(f"{len(files)} files, {total}, on {hardware.name}. {hardware.terms}")
    for name, value in variables.items():
        print(f"variable {name}={value}")
    if arguments.dry_run:
        for file in files:
            adapted = "" if file.content is None else "  (adapted)"
            print(f"{file.size:12,}  {file.path}{adapted}")
    check_sizes(files)
    if not arguments.dry_run:
        publish(arguments.space, hardware, arguments.private, variables, files)


def publish(
    name: str,
    hardware: Hardware,
    private: bool,
    variables: dict[str, str],
    files: list[SpaceFile],
) -> None:
    """Makes or updates the Space, and returns once it runs."""
    # Imported here: it takes its time, and listing the files needs no Hub.
    from huggingface_hub import HfApi

    from dalle.publish.space import Space

    space = Space(HfApi(endpoint=os.environ.get("HF_ENDPOINT")), name)
    space.create(hardware, private, variables)
    print(f"Uploading to {space.address}", flush=True)
    commit = space.upload(files)
    print("The Hub installs the packages and starts the app; that takes some minutes.", flush=True)
    print(f"It runs: {space.wait(commit)}\nIts page: {space.address}")
