"""`generate`: pictures from a prompt, written to a folder."""

import argparse

from dalle.commands.generating import add_options, check_knobs, load_pipeline, write_result
from dalle.settings import check_prompt

HELP = "Draw a prompt, rank the pictures, and write the best of them to a folder."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prompt", metavar="PROMPT", help="the wanted picture, in English")
    add_options(parser)


def run(arguments: argparse.Namespace) -> None:
    # Checked before the model is loaded, so that a typing error is told at once.
    knobs = check_knobs(arguments)
    check_prompt(arguments.prompt)
    write_result(load_pipeline(arguments).generate(arguments.prompt, **knobs), arguments)
