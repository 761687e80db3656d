"""`train clip` and `train clip-hearing`: the network that ranks."""

import argparse
import shutil

from dalle.commands.train_data import lesson
from dalle.commands.train_parts import trained_tokenizer


def run_clip(arguments: argparse.Namespace) -> None:
    from dalle.text import ClipTokenizer
    from dalle.training.clip import train_clip
    from dalle.training.nano import CLIP, TEXT_LENGTH

    text = arguments.runs / "text" / "clip"
    state = train_clip(
        arguments.runs / "clip",
        CLIP,
        trained_tokenizer(arguments),
        ClipTokenizer.from_folder(text, TEXT_LENGTH),
        lesson(arguments),
    )
    export_clip(arguments, state.average)


def run_clip_hearing(arguments: argparse.Namespace) -> None:
    from dalle.text import ClipTokenizer
    from dalle.training.hearing.clip import train_clip_hearing
    from dalle.training.nano import CLIP, TEXT_LENGTH
    from dalle.training.run import Run

    state = train_clip_hearing(
        arguments.runs / "clip-hearing",
        CLIP,
        ClipTokenizer.from_folder(arguments.runs / "text" / "clip", TEXT_LENGTH),
        lesson(arguments),
        Run(arguments.runs / "clip").read_average(),
    )
    export_clip(arguments, state.average)


def export_clip(arguments: argparse.Namespace, params: dict) -> None:
    from dalle.models.checkpoints.checkpoint import write_params
    from dalle.training.nano import CLIP

    if arguments.export:
        write_params(arguments.export, params, CLIP.to_json(), dtype="int8")
        shutil.copy(arguments.runs / "text" / "clip" / "tokenizer.json", arguments.export)
