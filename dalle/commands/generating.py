"""The common part of all commands that generate pictures: options, loading, output."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from dalle.settings import DEFAULT_MODEL, KNOBS, PRECISIONS, GenerationSettings

if TYPE_CHECKING:
    from dalle.generation.pipeline import Pipeline
    from dalle.generation.result import Result


def add_model(parser: argparse.ArgumentParser) -> None:
    """Which model draws, and where the files go."""
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        help='a name ("nano", "mini", "mega"), a repository "owner/name[@revision]" on the '
        "Hugging Face Hub, or a folder (default: %(default)s)",
    )
    parser.add_argument("--out", metavar="DIR", default=".", help="where to write (default: here)")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which model draws, how, and where the files go."""
    add_model(parser)
    add_knobs(parser)
    parser.add_argument("--keep", type=int, metavar="N", help="how many of the best to write")
    parser.add_argument(
        "--only",
        type=int,
        nargs="+",
        metavar="N",
        help="draw just these candidates, by number (recipe.json tells them)",
    )
    parser.add_argument(
        "--keep-prompt",
        action="store_true",
        help="write the prompt into the PNG files too (recipe.json always has it)",
    )
    parser.add_argument(
        "--precision", choices=PRECISIONS, help=f"of the products (default: {PRECISIONS[0]})"
    )


def add_knobs(parser: argparse.ArgumentParser) -> None:
    """One option for each knob of the table."""
    for knob in KNOBS.values():
        if knob.kind is bool:
            action = argparse.BooleanOptionalAction
            parser.add_argument(knob.option, action=action, default=None, help=knob.help)
            continue
        limits = f" ({knob.low} to {knob.most or knob.high})" if knob.low is not None else ""
        metavar = "TEXT" if knob.kind is str else "N"
        parser.add_argument(
            knob.option, type=knob.kind, metavar=metavar, help=f"{knob.help}{limits}"
        )


def check_knobs(arguments: argparse.Namespace) -> dict[str, Any]:
    """The knobs that were given, checked before a model is loaded."""
    knobs = {name: getattr(arguments, name) for name in GenerationSettings.__dataclass_fields__}
    GenerationSettings.of({}, knobs)
    return knobs


def load_pipeline(arguments: argparse.Namespace) -> "Pipeline":
    """The model that was asked for, once it is sure that its pictures can be marked."""
    from dalle.generation.loading import load
    from dalle.runtime.compilation_cache import keep_compiled
    from dalle.safety.provenance.marker import default_marker

    default_marker()  # a signing key that cannot sign is told now

    keep_compiled()
    print(f"Loading {arguments.model} ...", file=sys.stderr)
    pipeline = load(arguments.model, precision=arguments.precision)
    print("Drawing ...", file=sys.stderr)
    return pipeline


def write_result(result: "Result", arguments: argparse.Namespace) -> None:
    """Writes the folder, and prints a line for each picture."""
    folder = result.save(arguments.out, keep_prompt=arguments.keep_prompt)
    for note in result.notes:
        print(f"Note: {note}", file=sys.stderr)
    for rank, picture in enumerate(result.pictures, start=1):
        line = f"{folder / f'{rank}.png'}  score {picture.score:.2f}  candidate {picture.candidate}"
        print(line if picture.check == "show" else f"{line}  {picture.verdict.reason}")
    seconds = sum(result.seconds.values())
    print(f"{folder / 'sheet.png'}  seed {result.seed}, {seconds:.1f} s")
