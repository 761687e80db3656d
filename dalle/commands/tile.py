"""`tile`: tiles that repeat without a border, made of a picture, written to a folder."""

import argparse

from dalle.commands.generating import add_options, check_knobs, load_pipeline, write_result
from dalle.commands.picture_file import open_picture

HELP = "Make tiles of a picture that repeat without a border, and write the best of them."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the picture")
    parser.add_argument(
        "prompt", metavar="PROMPT", nargs="?", default="", help="words about the new middle"
    )
    add_options(parser)


def run(arguments: argparse.Namespace) -> None:
    from dalle.generation.editing.alteration import Tile

    knobs = check_knobs(arguments)
    picture = open_picture(arguments.file)
    pipeline = load_pipeline(arguments)
    write_result(pipeline.alter(Tile(picture), arguments.prompt, **knobs), arguments)
