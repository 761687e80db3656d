"""The image tokenizer's parts in the runs of `train`, as far as they are."""

import argparse
from pathlib import Path

from dalle.commands.train_data import examples, lesson

CODE_PICTURES = 30_000
# A code must stay the nearest one, a plain colour plain, and a step of colours a step.
EXACT = ("codes", "tiles", "dye", "finish", "finisher")


def codes_file(arguments: argparse.Namespace) -> Path:
    from dalle.training.adopt import CODES

    return arguments.runs / CODES


def codes_and_things(arguments: argparse.Namespace) -> dict:
    from dalle.training.nano import TOKENISER
    from dalle.training.tokenizer.decoder import restore_things
    from dalle.training.tokenizer.parts import read_codes

    things = restore_things(arguments.runs / "things", TOKENISER)
    return {"codes": read_codes(codes_file(arguments), TOKENISER), "things": things}


def run_grounds(arguments: argparse.Namespace) -> None:
    import numpy as np

    from dalle.training.adopt import GROUNDS
    from dalle.training.nano import TOKENISER
    from dalle.training.scenes.headers import GROUND_CODES
    from dalle.training.scenes.places import render_ground
    from dalle.training.tokenizer.codes import find_finished_grounds
    from dalle.training.tokenizer.parts import write_codes

    grounds = np.stack([render_ground(ground, TOKENISER.scale) for ground in GROUND_CODES])
    write_codes(arguments.runs / GROUNDS, find_finished_grounds(grounds, TOKENISER))
    print(arguments.runs / GROUNDS)


def known_parts(arguments: argparse.Namespace) -> dict:
    """The image tokenizer but for its encoder, as far as it is."""
    from dalle.training.adopt import GROUNDS
    from dalle.training.nano import TOKENISER
    from dalle.training.tokenizer.filters import COURSES, restore_filter
    from dalle.training.tokenizer.finisher import restore_finisher
    from dalle.training.tokenizer.parts import read_codes

    filters = {
        course.part: restore_filter(arguments.runs / name, TOKENISER, course)
        for name, course in COURSES.items()
    }
    if not (arguments.runs / GROUNDS).is_file():
        run_grounds(arguments)
    finished = {
        "grounds": read_codes(arguments.runs / GROUNDS, TOKENISER, "grounds"),
        "finisher": restore_finisher(arguments.runs / "finisher", TOKENISER),
    }
    return codes_and_things(arguments) | filters | finished


def trained_tokenizer(arguments: argparse.Namespace):
    """The image tokenizer of the runs, as far as they are."""
    from dalle.training.nano import TOKENISER
    from dalle.training.tokenizer.reader import restore_tokenizer

    return restore_tokenizer(arguments.runs / "vqgan", known_parts(arguments), TOKENISER)


def run_things(arguments: argparse.Namespace) -> None:
    from dalle.training.nano import TOKENISER
    from dalle.training.tokenizer.decoder import train_things
    from dalle.training.tokenizer.parts import read_codes

    codes = read_codes(codes_file(arguments), TOKENISER)
    train_things(arguments.runs / "things", TOKENISER, codes, lesson(arguments))


def run_filter(arguments: argparse.Namespace) -> None:
    from dalle.training.nano import TOKENISER
    from dalle.training.tokenizer.filters import COURSES, train_filter

    folder, course = arguments.runs / arguments.name, COURSES[arguments.name]
    train_filter(folder, TOKENISER, course, codes_and_things(arguments), lesson(arguments))


def run_finisher(arguments: argparse.Namespace) -> None:
    from dalle.training.nano import TOKENISER
    from dalle.training.tokenizer.finisher import train_finisher

    known, course = codes_and_things(arguments), lesson(arguments)
    train_finisher(arguments.runs / "finisher", TOKENISER, known, course)


def run_codes(arguments: argparse.Namespace) -> None:
    import numpy as np
    from tqdm import trange

    from dalle.training.nano import TOKENISER
    from dalle.training.scenes.headers import GROUND_CODES
    from dalle.training.scenes.places import render_ground
    from dalle.training.tokenizer.codes import find_codes
    from dalle.training.tokenizer.parts import write_codes

    source = examples(arguments, arguments.seed)
    shown = (source.batch(n, 100).foregrounds for n in trange(CODE_PICTURES // 100, desc="cells"))
    grounds = np.stack([render_ground(ground) for ground in GROUND_CODES])
    write_codes(codes_file(arguments), find_codes(shown, grounds, TOKENISER, arguments.seed))
    print(codes_file(arguments))


def run_vqgan(arguments: argparse.Namespace) -> None:
    from dalle.models.checkpoints.checkpoint import write_params
    from dalle.training.nano import TOKENISER
    from dalle.training.tokenizer.parts import join
    from dalle.training.tokenizer.reader import train_tokenizer

    known = known_parts(arguments)
    state = train_tokenizer(arguments.runs / "vqgan", TOKENISER, known, lesson(arguments))
    if arguments.export:
        params = join(state.average, known)
        write_params(arguments.export, params, TOKENISER.to_json(), dtype="int8", exact=EXACT)
