"""`train`: makes the embedded model, one part after the other, or the same from your own pictures.

scenes     a sheet of the pictures to learn from
text       the two tokenizers' vocabularies
codes        the vectors of the image codes
things     how codes look beside each other, needs codes
tints        the tints of things, needs codes and things
looks        the looks of pictures, needs codes and things
grounds      the grounds of finished pictures
finisher     clears decoded things, needs codes and things
vqgan      pictures to codes, needs all of these
bart       captions to codes, needs text and codes
hearing    everyday words heard as plain ones by bart, needs one that draws
clip-hearing  the same by clip, needs one that ranks
clip       which caption fits, needs text and vqgan
thing-codes  the codes of all drawings, to interrogate pictures with; needs vqgan
enlarger   makes a picture twice as large, needs sprites at twice the size
all        the shipped model trained on, all parts in turn in the minutes that there are
adopt      begins the runs from the model that ships
names      the tables that a prompt is heard with: things by name in many languages
overview   the progress of the runs, as two pictures
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from dalle.commands.train_clip import run_clip, run_clip_hearing
from dalle.commands.train_data import PLAIN, examples, lesson
from dalle.commands.train_parts import (
    run_codes,
    run_filter,
    run_finisher,
    run_grounds,
    run_things,
    run_vqgan,
    trained_tokenizer,
)

HELP = "Make the embedded model, or one from your own captioned pictures."
TEXT_CAPTIONS = 60_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(metavar="PART", required=True)
    for name, (function, text) in PARTS.items():
        part = parts.add_parser(name, help=text, description=text)
        part.set_defaults(part=function, name=name)
        part.add_argument("--stage", default="full", help="of scenes (%(default)s)")
        part.add_argument("--seed", type=int, default=0)
        part.add_argument("--sprites", type=Path, default=Path(".data/sprites"), metavar="DIR")
        part.add_argument("--runs", type=Path, default=Path(".runs"), metavar="DIR")
        if name == "overview":
            part.add_argument("--out", type=Path, default=Path("."), metavar="DIR")
            continue
        if name == "all":
            part.add_argument("--minutes", type=float, required=True, metavar="N", help="in all")
            part.add_argument("--out", type=Path, default=Path("nano"), metavar="DIR")
            continue
        if name in ("names", "thing-codes"):
            part.add_argument("--out", type=Path, default=Path("assets/nano"), metavar="DIR")
            continue
        if name == "adopt":
            part.add_argument("--model", type=Path, default=Path("assets/nano"), metavar="DIR")
            continue
        if name == "scenes":
            part.add_argument("--show", type=Path, default=Path("scenes.png"), metavar="FILE")
            continue
        if name == "finisher":
            part.set_defaults(stage="finish")
        if name != "enlarger":
            part.add_argument("--data", type=Path, metavar="DIR", help="captioned pictures instead")
        if name in ("text", "codes", "grounds"):
            continue
        steps, batch, peak = DEFAULTS[name]
        part.add_argument("--steps", type=int, default=steps, help="in all (%(default)s)")
        part.add_argument("--batch-size", type=int, default=batch, metavar="N")
        part.add_argument("--learning-rate", type=float, default=peak, metavar="X")
        part.add_argument(
            "--minutes", type=float, metavar="N", help="of training in all, instead of steps"
        )
        part.add_argument(
            "--cooldown",
            type=float,
            default=0.3,
            metavar="SHARE",
            help="part of the steps or minutes in which the rate falls (%(default)s)",
        )
        if name == "hearing":
            part.add_argument(
                "--blend",
                type=float,
                default=0.8,
                metavar="SHARE",
                help="of the trained encoder in the export; the rest is the former one's",
            )
        if name in ("vqgan", "bart", "hearing", "clip", "clip-hearing", "enlarger"):
            part.add_argument(
                "--export",
                type=Path,
                metavar="DIR",
                help="write the model here, as published, at the end",
            )


def run(arguments: argparse.Namespace) -> None:
    arguments.part(arguments)


def run_scenes(arguments: argparse.Namespace) -> None:
    from dalle.training.scenes.sheet import save_sheet
    from dalle.training.scenes.sprites import open_sprites

    library = open_sprites(arguments.sprites)
    save_sheet(arguments.show, arguments.stage, arguments.seed, library=library)
    print(arguments.show)


def run_overview(arguments: argparse.Namespace) -> None:
    from dalle.training.plots import plot_curves, stack_samples

    arguments.out.mkdir(parents=True, exist_ok=True)
    for path in (
        plot_curves(arguments.runs, arguments.out / "training-curves.png"),
        stack_samples(arguments.runs / "bart", arguments.out / "training-samples.png"),
    ):
        print(path)


def run_all(arguments: argparse.Namespace) -> None:
    from dalle.training.everything import plan, train_everything

    rates = {name: peak for name, (_, _, peak) in DEFAULTS.items()}
    where = arguments.runs, arguments.sprites, arguments.out
    train_everything(plan(arguments.minutes, *where, rates))
    print(arguments.out)


def run_adopt(arguments: argparse.Namespace) -> None:
    from dalle.training.adopt import adopt

    for path in adopt(arguments.model, arguments.runs):
        print(path)


def run_names(arguments: argparse.Namespace) -> None:
    import tempfile

    from dalle.text.heard.languages import NAMES
    from dalle.text.heard.world import FILE
    from dalle.training.hearing.names import fetch_names, write_names, write_world
    from dalle.training.run import write_atomically

    with tempfile.TemporaryDirectory(prefix="names-") as folder:
        tables = {FILE: write_world(), NAMES: write_names(fetch_names(Path(folder)))}
    for file, text in tables.items():
        write_atomically(arguments.out / file, text.encode())
        print(arguments.out / file)


def run_thing_codes(arguments: argparse.Namespace) -> None:
    from dalle.training.scenes.sprites import open_sprites
    from dalle.training.tokenizer.thing_codes import make_thing_table

    table = make_thing_table(open_sprites(arguments.sprites), trained_tokenizer(arguments))
    print(table.write(arguments.out))


def run_text(arguments: argparse.Namespace) -> None:
    from dalle.training.hearing.text import learn_text

    captions = text_captions(arguments, arguments.stage)
    plain = captions if arguments.stage == PLAIN else text_captions(arguments, PLAIN)
    for path in learn_text(arguments.runs / "text", captions, plain, own=bool(arguments.data)):
        print(path)


def text_captions(arguments: argparse.Namespace, stage: str) -> list[str]:
    source = examples(argparse.Namespace(**vars(arguments) | {"stage": stage}), arguments.seed)
    return [c for n in range(TEXT_CAPTIONS // 100) for c in source.batch(n, 100).captions]


def run_enlarger(arguments: argparse.Namespace) -> None:
    from dalle.models.checkpoints.checkpoint import write_params
    from dalle.training.enlarger import train_enlarger
    from dalle.training.scenes.sharp import open_sharp_sprites
    from dalle.training.scenes.sprites import open_sprites

    state = train_enlarger(
        arguments.runs / "enlarger",
        open_sprites(arguments.sprites),
        open_sharp_sprites(),
        steps=arguments.steps,
        batch_size=arguments.batch_size,
        peak=arguments.learning_rate,
        cooldown=arguments.cooldown,
        seed=arguments.seed,
    )
    if arguments.export:
        write_params(arguments.export, state.average, {"model_type": "enlarger"})


def run_bart(arguments: argparse.Namespace) -> None:
    from dalle.training.bart import train_bart

    train_words(arguments, train_bart)


def run_hearing(arguments: argparse.Namespace) -> None:
    from dalle.training.hearing.bart import blend, train_hearing
    from dalle.training.run import Run, TrainState

    taught = Run(arguments.runs / "bart").read_average()

    def train(*inputs) -> TrainState:
        state = train_hearing(*inputs, taught)
        return state.replace(average=blend(taught, state.average, arguments.blend))

    train_words(arguments, train)


def train_words(arguments: argparse.Namespace, train: Callable) -> None:
    """BART by one of the two ways to train it."""
    from dalle.models.checkpoints.checkpoint import write_params
    from dalle.text import PromptTokenizer
    from dalle.training.hearing.text import copy_text
    from dalle.training.nano import BART
    from dalle.training.samples import sample_writer

    text = arguments.runs / "text" / "bart"
    tokenizer = trained_tokenizer(arguments)
    tokenize = PromptTokenizer.from_folder(text, BART.max_text_length)
    state = train(
        arguments.runs / arguments.name,
        BART,
        tokenizer,
        tokenize,
        sample_writer(BART, tokenizer, tokenize),
        lesson(arguments),
    )
    if arguments.export:
        write_params(arguments.export, state.average, BART.to_json(), dtype="int8", bits=6)
        copy_text(arguments.runs / "text", arguments.export)


# part: (steps, batch size, peak learning rate)
DEFAULTS = {
    "finisher": (6000, 16, 2e-3),
    "things": (6000, 32, 1e-3),
    "tints": (9000, 32, 2e-2),
    "looks": (9000, 32, 2e-2),
    "vqgan": (3000, 16, 1e-3),
    "bart": (6000, 64, 2e-3),
    "hearing": (1000, 96, 1e-3),
    "clip": (1500, 96, 1e-3),
    "clip-hearing": (600, 96, 1e-3),
    "enlarger": (6000, 16, 1e-3),
}
PARTS = {
    "scenes": (run_scenes, "Draw a sheet of the pictures to learn from."),
    "names": (run_names, "Write the tables of hearing (needs npm and its registry)."),
    "text": (run_text, "Learn the vocabularies of both text tokenizers."),
    "codes": (run_codes, "Find the vectors of the image codes."),
    "grounds": (run_grounds, "Find the grounds of finished pictures."),
    "things": (run_things, "Train how codes look beside each other."),
    "tints": (run_filter, "Train the tints of things."),
    "looks": (run_filter, "Train the looks of pictures."),
    "finisher": (run_finisher, "Train what finishes drawn things."),
    "vqgan": (run_vqgan, "Train the image tokenizer."),
    "bart": (run_bart, "Train the network that turns captions into codes."),
    "hearing": (run_hearing, "Train it to hear everyday words as it hears plain ones."),
    "clip": (run_clip, "Train the network that ranks."),
    "clip-hearing": (run_clip_hearing, "Train it to read everyday words as plain ones."),
    "thing-codes": (run_thing_codes, "Write the codes of all drawings (after vqgan)."),
    "enlarger": (run_enlarger, "Train the network that makes a picture twice as large."),
    "all": (run_all, "Train the shipped model on, all parts in turn."),
    "adopt": (run_adopt, "Begin the runs from the model that ships."),
    "overview": (run_overview, "Plot the progress of the runs."),
}
