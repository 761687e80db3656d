"""`enlarge`: a picture two or four times as large, written to a folder."""

import argparse

from dalle.commands.generating import add_model, load_pipeline, write_result
from dalle.commands.picture_file import open_picture
from dalle.settings import PRECISIONS

HELP = "Write a picture 2 or 4 times as large; nothing of it is drawn anew."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the picture")
    parser.add_argument(
        "--times", type=int, choices=(2, 4), default=2, help="how many times (default: %(default)s)"
    )
    add_model(parser)
    parser.set_defaults(keep_prompt=False, precision=PRECISIONS[0])


def run(arguments: argparse.Namespace) -> None:
    from dalle.generation.editing.enlarge import check_times

    picture = open_picture(arguments.file)
    check_times(arguments.times, picture)
    write_result(load_pipeline(arguments).enlarge(picture, arguments.times), arguments)
