"""`generate`: pictures from a prompt, written to a folder."""

import argparse
import sys

from dalle.settings import DEFAULT_MODEL, LIMITS, PRECISIONS, GenerationSettings, check_prompt

HELP = "Draw a prompt, rank the pictures, and write the best of them to a folder."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    def knob(name: str, kind: type, text: str) -> None:
        low, high = LIMITS[name]
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=kind, metavar="N", help=f"{text} ({low} to {high})")

    parser.add_argument("prompt", metavar="PROMPT", help="what to draw, in English")
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        help='a name ("nano", "mini", "mega"), a repository "owner/name[@revision]" on the '
        "Hugging Face Hub, or a folder (default: %(default)s)",
    )
    parser.add_argument("--out", metavar="DIR", default=".", help="where to write (default: here)")
    knob("seed", int, "the same number draws the same pictures; at random if not given")
    knob("candidates", int, "how many pictures to draw and rank")
    parser.add_argument("--keep", type=int, metavar="N", help="how many of the best to write")
    parser.add_argument(
        "--only",
        type=int,
        nargs="+",
        metavar="N",
        help="draw just these candidates, by number (recipe.json tells them)",
    )
    parser.add_argument("--negative-prompt", metavar="TEXT", help="what to stay away from")
    knob("condition_scale", float, "how closely to follow the prompt")
    knob("temperature", float, "how adventurous to be; 0 is the likeliest picture")
    knob("top_k", int, "draw each code among so many of the likeliest; 0 takes all")
    knob("top_p", float, "draw each code among the likeliest with this probability together")
    parser.add_argument(
        "--keep-prompt",
        action="store_true",
        help="write the prompt into the PNG files too (recipe.json always has it)",
    )
    parser.add_argument(
        "--precision", choices=PRECISIONS, help=f"of the products (default: {PRECISIONS[0]})"
    )


def run(arguments: argparse.Namespace) -> None:
    knobs = {name: getattr(arguments, name) for name in GenerationSettings.__dataclass_fields__}
    # Checked before the model is loaded: nobody waits to read about a typing error.
    GenerationSettings.of({}, knobs)
    check_prompt(arguments.prompt)

    from dalle.generation.loading import load
    from dalle.models.compiled import keep_compiled
    from dalle.safety.provenance import default_marker

    default_marker()  # a signing key that cannot sign is told now

    keep_compiled()
    print(f"Loading {arguments.model} ...", file=sys.stderr)
    pipeline = load(arguments.model, precision=arguments.precision)
    print("Drawing ...", file=sys.stderr)
    result = pipeline.generate(arguments.prompt, **knobs)
    folder = result.save(arguments.out, keep_prompt=arguments.keep_prompt)

    for note in result.notes:
        print(f"Note: {note}", file=sys.stderr)
    for rank, picture in enumerate(result.pictures, start=1):
        line = f"{folder / f'{rank}.png'}  score {picture.score:.2f}  candidate {picture.candidate}"
        print(line if picture.check == "show" else f"{line}  {picture.verdict.reason}")
    seconds = sum(result.seconds.values())
    print(f"{folder / 'sheet.png'}  seed {result.seed}, {seconds:.1f} s")
