"""`inspect`: what a model is, without loading it."""

import argparse

from dalle.settings import DEFAULT_MODEL

HELP = "Tell a model's geometry, its parameters, its files and the memory it needs."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model",
        nargs="?",
        default=DEFAULT_MODEL,
        metavar="MODEL",
        help="a name, a repository on the Hugging Face Hub, or a folder (default: %(default)s)",
    )
    parser.add_argument(
        "--random",
        choices=("mini", "mega"),
        help="the geometry of this published model, without its weights",
    )


def run(arguments: argparse.Namespace) -> None:
    from dalle.models.inspection import describe

    print(describe(f"random:{arguments.random}" if arguments.random else arguments.model))
