"""`extend`: a picture that grows at one side, written to a folder."""

import argparse

from dalle.commands.generating import add_options, check_knobs, load_pipeline, write_result
from dalle.commands.picture_file import open_picture

HELP = "Extend a picture beyond one side, and write the best of the larger pictures."
SIDES = ("left", "right", "up", "down")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the picture")
    parser.add_argument("side", choices=SIDES, help="where it grows, by half of its shorter side")
    parser.add_argument(
        "prompt", metavar="PROMPT", nargs="?", default="", help="words about the new part"
    )
    add_options(parser)


def run(arguments: argparse.Namespace) -> None:
    knobs = check_knobs(arguments)
    picture = open_picture(arguments.file)
    pipeline = load_pipeline(arguments)
    write_result(pipeline.extend(picture, arguments.side, arguments.prompt, **knobs), arguments)
