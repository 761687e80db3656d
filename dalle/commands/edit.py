"""`edit`: a part of a picture drawn anew, written to a folder."""

import argparse

from dalle.commands.generating import add_options, check_knobs, load_pipeline, write_result
from dalle.commands.picture_file import open_picture

HELP = "Draw the part of a picture that a mask covers anew, and write the best of the answers."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the picture")
    parser.add_argument(
        "mask", metavar="MASK", help="a picture of any size, white where to draw anew, else black"
    )
    parser.add_argument("prompt", metavar="PROMPT", help="the wanted picture, in English")
    add_options(parser)


def run(arguments: argparse.Namespace) -> None:
    knobs = check_knobs(arguments)
    picture, mask = open_picture(arguments.file), open_picture(arguments.mask)
    pipeline = load_pipeline(arguments)
    write_result(pipeline.edit(picture, mask, arguments.prompt, **knobs), arguments)
