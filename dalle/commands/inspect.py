"""`inspect`: geometry and memory of a model, without loading it."""

import argparse

from dalle.settings import DEFAULT_MODEL, PRECISIONS

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
    parser.add_argument(
        "--precision", choices=PRECISIONS, default=PRECISIONS[0],
        help="that memory is told for (default: %(default)s)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    from dalle.generation.precision import product_dtypes
    from dalle.models.inspection import describe

    decoder_dtype, products = product_dtypes(arguments.precision)
    name = f"random:{arguments.random}" if arguments.random else arguments.model
    print(describe(name, dtype=products, decoder_dtype=decoder_dtype))
