"""`vary`: variations of a picture, written to a folder."""

import argparse

from dalle.commands.generating import add_options, check_knobs, load_pipeline, write_result
from dalle.commands.picture_file import open_picture

HELP = "Draw variations of a picture, of this model's or any other, and write the best of them."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the picture")
    parser.add_argument("prompt", metavar="PROMPT", nargs="?", default="", help="its idea in words")
    parser.add_argument(
        "--strength",
        type=float,
        default=0.5,
        metavar="N",
        help="the share of the picture that is drawn anew (above 0, to 1; default: %(default)s)",
    )
    add_options(parser)


def run(arguments: argparse.Namespace) -> None:
    from dalle.generation.editing.vary import check_strength

    knobs, strength = check_knobs(arguments), check_strength(arguments.strength)
    picture = open_picture(arguments.file)
    pipeline = load_pipeline(arguments)
    write_result(pipeline.vary(picture, strength, arguments.prompt, **knobs), arguments)
