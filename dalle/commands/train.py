"""`train`: makes the embedded model, one part after the other, or the same from your own pictures.

scenes     a sheet of the pictures to learn from
text       the two tokenisers' vocabularies
codes      what the image codes stand for
things     how codes look beside each other, needs codes
tints      what a tint makes of things, needs codes and things
looks      what a look makes of a picture, needs codes and things
vqgan      pictures to codes, needs all of these
bart       captions to codes, needs text and codes
clip       which caption fits, needs text and vqgan
adopt      begins the runs from the model that ships
overview   what the runs have learned so far, as two pictures
"""

import argparse
import json
import re
import shutil
from pathlib import Path

HELP = "Make the embedded model, or one from your own captioned pictures."
HELD_OUT_SEED = 1_000_003  # of the scenes that are never trained on
HELD_OUT = 48
TEXT_CAPTIONS = 60_000
CODE_PICTURES = 30_000
# A code must stay the nearest one, a plain colour plain, and a step of colours a step.
EXACT = ("codes", "dye", "finish")


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
        if name == "adopt":
            part.add_argument("--model", type=Path, default=Path("assets/nano"), metavar="DIR")
            continue
        if name == "scenes":
            part.add_argument("--show", type=Path, default=Path("scenes.png"), metavar="FILE")
            continue
        part.add_argument("--data", type=Path, metavar="DIR", help="captioned pictures instead")
        if name in ("text", "codes"):
            continue
        part.add_argument("--steps", type=int, default=STEPS[name], help="in all (%(default)s)")
        part.add_argument("--batch-size", type=int, default=BATCH[name], metavar="N")
        part.add_argument("--learning-rate", type=float, default=PEAK[name], metavar="X")
        part.add_argument(
            "--cooldown",
            type=float,
            default=0.3,
            metavar="SHARE",
            help="part of the steps in which the rate falls (%(default)s)",
        )
        if name in ("vqgan", "bart", "clip"):
            part.add_argument(
                "--export",
                type=Path,
                metavar="DIR",
                help="write the model here, as published, at the end",
            )


def run(arguments: argparse.Namespace) -> None:
    arguments.part(arguments)


def run_scenes(arguments: argparse.Namespace) -> None:
    from dalle.training.sheet import save_sheet
    from dalle.training.sprites import open_sprites

    library = open_sprites(arguments.sprites)
    save_sheet(arguments.show, arguments.stage, arguments.seed, library=library)
    print(arguments.show)


def run_overview(arguments: argparse.Namespace) -> None:
    from dalle.training.overview import draw_curves, stack_samples

    arguments.out.mkdir(parents=True, exist_ok=True)
    for path in (
        draw_curves(arguments.runs, arguments.out / "training-curves.png"),
        stack_samples(arguments.runs / "bart", arguments.out / "training-samples.png"),
    ):
        print(path)


def run_adopt(arguments: argparse.Namespace) -> None:
    from dalle.training.adopt import adopt

    for path in adopt(arguments.model, arguments.runs):
        print(path)


def run_text(arguments: argparse.Namespace) -> None:
    from dalle.text.tokenize import BART_SPECIALS, CLIP_SPECIALS, train_tokenizer
    from dalle.training.adopt import WORDS
    from dalle.training.nano import TEXT_VOCABULARY
    from dalle.training.runs import write_atomically

    source = examples(arguments, arguments.seed)
    captions = [c for n in range(TEXT_CAPTIONS // 100) for c in source.batch(n, 100).captions]
    words = sorted({word for c in captions for word in re.findall(r"[\w'-]+", c.lower())})
    folder = arguments.runs / "text"
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / WORDS, ("\n".join(words) + "\n").encode())
    for part, specials in (("bart", BART_SPECIALS), ("clip", CLIP_SPECIALS)):
        folder = arguments.runs / "text" / part
        train_tokenizer(captions, TEXT_VOCABULARY, folder, specials)
        print(folder / "tokenizer.json")


def run_codes(arguments: argparse.Namespace) -> None:
    import numpy as np
    from tqdm import trange

    from dalle.training.codes import find_codes
    from dalle.training.headers import GROUND_CODES
    from dalle.training.nano import TOKENISER
    from dalle.training.parts import write_codes
    from dalle.training.places import draw_ground

    source = examples(arguments, arguments.seed)
    shown = (source.batch(n, 100).foregrounds for n in trange(CODE_PICTURES // 100, desc="cells"))
    grounds = np.stack([draw_ground(ground) for ground in GROUND_CODES])
    write_codes(codes_file(arguments), find_codes(shown, grounds, TOKENISER, arguments.seed))
    print(codes_file(arguments))


def run_things(arguments: argparse.Namespace) -> None:
    from dalle.training.nano import TOKENISER
    from dalle.training.parts import read_codes
    from dalle.training.things import train_things

    codes = read_codes(codes_file(arguments), TOKENISER)
    train_things(arguments.runs / "things", TOKENISER, codes, lesson(arguments))


def run_filter(arguments: argparse.Namespace) -> None:
    from dalle.training.filters import COURSES, train_filter
    from dalle.training.nano import TOKENISER

    folder, course = arguments.runs / arguments.name, COURSES[arguments.name]
    train_filter(folder, TOKENISER, course, codes_and_things(arguments), lesson(arguments))


def lesson(arguments: argparse.Namespace):
    """What a training learns from, and for how long."""
    from dalle.training.data import Lesson

    return Lesson(
        batches(arguments),
        held_out(arguments),
        arguments.steps,
        arguments.batch_size,
        arguments.learning_rate,
        arguments.cooldown,
        arguments.seed,
    )


def run_vqgan(arguments: argparse.Namespace) -> None:
    from dalle.models.checkpoint import write_params
    from dalle.training.nano import TOKENISER
    from dalle.training.parts import join
    from dalle.training.vqgan import train_tokeniser

    known = known_parts(arguments)
    state = train_tokeniser(arguments.runs / "vqgan", TOKENISER, known, lesson(arguments))
    if arguments.export:
        params = join(state.average, known)
        write_params(arguments.export, params, TOKENISER.to_json(), dtype="int8", exact=EXACT)


def run_bart(arguments: argparse.Namespace) -> None:
    from dalle.models.checkpoint import write_params
    from dalle.text import PromptTokenizer
    from dalle.training.adopt import WORDS
    from dalle.training.bart import train_bart
    from dalle.training.nano import BART, GENERATION
    from dalle.training.runs import write_atomically
    from dalle.training.samples import draw_prompts

    text = arguments.runs / "text" / "bart"
    tokeniser = trained_tokeniser(arguments)
    tokenise = PromptTokenizer.from_folder(text, BART.max_text_length)
    state = train_bart(
        arguments.runs / "bart",
        BART,
        tokeniser,
        tokenise,
        draw_prompts(BART, tokeniser, tokenise),
        lesson(arguments),
    )
    if arguments.export:
        write_params(arguments.export, state.average, BART.to_json(), dtype="int8")
        generation = json.dumps(GENERATION, indent=2, sort_keys=True) + "\n"
        write_atomically(arguments.export / "generation_config.json", generation.encode())
        shutil.copy(text / "tokenizer.json", arguments.export)
        shutil.copy(arguments.runs / "text" / WORDS, arguments.export.parent)


def run_clip(arguments: argparse.Namespace) -> None:
    from dalle.models.checkpoint import write_params
    from dalle.text import ClipTokenizer
    from dalle.training.clip import train_clip
    from dalle.training.nano import CLIP, TEXT_LENGTH

    text = arguments.runs / "text" / "clip"
    state = train_clip(
        arguments.runs / "clip",
        CLIP,
        trained_tokeniser(arguments),
        ClipTokenizer.from_folder(text, TEXT_LENGTH),
        lesson(arguments),
    )
    if arguments.export:
        write_params(arguments.export, state.average, CLIP.to_json(), dtype="int8")
        shutil.copy(text / "tokenizer.json", arguments.export)


def examples(arguments: argparse.Namespace, seed: int):
    """The pictures to learn from: a folder's where one is given, else scenes of the stage."""
    from dalle.training.data import FolderExamples, SceneExamples
    from dalle.training.nano import TOKENISER
    from dalle.training.sprites import open_sprites

    if arguments.data:
        return FolderExamples(arguments.data, TOKENISER.resolution, seed)
    drawn = arguments.part in (run_vqgan, run_clip)
    return SceneExamples(open_sprites(arguments.sprites), arguments.stage, seed, drawn)


def batches(arguments: argparse.Namespace):
    """A function from a step to the batches from there on."""
    from dalle.training.data import prefetch

    source = examples(arguments, arguments.seed)
    return lambda start: prefetch(source, start, arguments.batch_size)


def held_out(arguments: argparse.Namespace):
    """Pictures and captions to judge by; of a folder, whose end is not known, its own."""
    return examples(arguments, HELD_OUT_SEED).batch(0, HELD_OUT)


def codes_file(arguments: argparse.Namespace) -> Path:
    from dalle.training.adopt import CODES

    return arguments.runs / CODES


def codes_and_things(arguments: argparse.Namespace) -> dict:
    from dalle.training.nano import TOKENISER
    from dalle.training.parts import read_codes
    from dalle.training.things import restore_things

    things = restore_things(arguments.runs / "things", TOKENISER)
    return {"codes": read_codes(codes_file(arguments), TOKENISER), "things": things}


def known_parts(arguments: argparse.Namespace) -> dict:
    """The image tokeniser's `codes`, `things`, `dye` and `finish`, as far as they are."""
    from dalle.training.filters import COURSES, restore_filter
    from dalle.training.nano import TOKENISER

    filters = {
        course.part: restore_filter(arguments.runs / name, TOKENISER, course)
        for name, course in COURSES.items()
    }
    return codes_and_things(arguments) | filters


def trained_tokeniser(arguments: argparse.Namespace):
    """The image tokeniser of the runs, as far as they are."""
    from dalle.training.nano import TOKENISER
    from dalle.training.vqgan import restore_tokeniser

    return restore_tokeniser(arguments.runs / "vqgan", known_parts(arguments), TOKENISER)


STEPS = {"things": 6000, "tints": 9000, "looks": 9000, "vqgan": 3000, "bart": 6000, "clip": 1500}
BATCH = {"things": 32, "tints": 32, "looks": 32, "vqgan": 16, "bart": 64, "clip": 96}
PEAK = {"things": 1e-3, "tints": 2e-2, "looks": 2e-2, "vqgan": 1e-3, "bart": 2e-3, "clip": 1e-3}
PARTS = {
    "scenes": (run_scenes, "Draw a sheet of the pictures to learn from."),
    "text": (run_text, "Learn the vocabularies of both text tokenisers."),
    "codes": (run_codes, "Find what the image codes stand for."),
    "things": (run_things, "Train how codes look beside each other."),
    "tints": (run_filter, "Train what a tint makes of things."),
    "looks": (run_filter, "Train what a look makes of a picture."),
    "vqgan": (run_vqgan, "Train the image tokeniser."),
    "bart": (run_bart, "Train the network that turns captions into codes."),
    "clip": (run_clip, "Train the network that ranks."),
    "adopt": (run_adopt, "Begin the runs from the model that ships."),
    "overview": (run_overview, "Draw what the runs have learned so far."),
}
