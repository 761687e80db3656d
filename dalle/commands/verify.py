"""`verify`: whether a picture was made here."""

import argparse

HELP = "Tell whether a picture was made by Ninefold, or is marked as made by a machine."
EXIT_CODES = (
    "Reads a PNG, JPEG or WebP file of at most 2 MB and 4 megapixels, and nothing else. "
    "Exit code: 0 where a sign was found, 1 where none was (which proves nothing), "
    "2 where the file cannot be read. NINEFOLD_MARK_KEY is the key of the invisible mark."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the picture")
    parser.epilog = EXIT_CODES


def run(arguments: argparse.Namespace) -> int:
    from dalle.safety.provenance.verify import verify_file
    from dalle.safety.settings import process_settings

    report = verify_file(arguments.file, process_settings().mark_key)
    print(report.describe())
    return 0 if report.found else 1
