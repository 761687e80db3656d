"""The data of `train`: batches to learn from, and held-out ones."""

import argparse

HELD_OUT_SEED = 1_000_003  # of the scenes that are never trained on
HELD_OUT = 48
PLAIN = "full"  # the stage whose captions are in the plain grammar alone
NO_END = 10**9  # steps, where the clock says when it is over


def lesson(arguments: argparse.Namespace):
    """The data and the length of a training."""
    from dalle.training.data import Lesson

    return Lesson(
        batches(arguments),
        held_out(arguments),
        NO_END if arguments.minutes else arguments.steps,
        arguments.batch_size,
        arguments.learning_rate,
        arguments.cooldown,
        arguments.seed,
        arguments.minutes,
        watched(arguments),
    )


def examples(arguments: argparse.Namespace, seed: int):
    """The pictures to learn from: a folder's where one is given, else scenes of the stage."""
    from dalle.training.data import FolderExamples, SceneExamples
    from dalle.training.nano import TOKENISER
    from dalle.training.scenes.sprites import open_sprites

    if arguments.data:
        return FolderExamples(arguments.data, TOKENISER.resolution, seed)
    composed = arguments.name in ("vqgan", "clip")
    return SceneExamples(open_sprites(arguments.sprites), arguments.stage, seed, composed)


def batches(arguments: argparse.Namespace):
    """A function from a step to the batches from there on."""
    from dalle.training.data import prefetch
    from dalle.training.tokenizer.finisher import DECODED

    source = examples(arguments, arguments.seed)
    # A finisher keeps its pictures, and asks for a few at a time.
    size = DECODED if arguments.name == "finisher" else arguments.batch_size
    return lambda start: prefetch(source, start, size)


def held_out(arguments: argparse.Namespace):
    """Pictures and captions to judge by; of a folder, whose end is not known, its own."""
    return examples(arguments, HELD_OUT_SEED).batch(0, HELD_OUT)


def watched(arguments: argparse.Namespace) -> dict:
    """Scenes told in the plain grammar, where others are trained on."""
    if arguments.data or arguments.stage == PLAIN:
        return {}
    plain = examples(argparse.Namespace(**vars(arguments) | {"stage": PLAIN}), HELD_OUT_SEED)
    return {"held_out_plain": plain.batch(0, HELD_OUT)}
