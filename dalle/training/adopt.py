"""Begins runs from a model that ships: its vocabularies, its codes, and its weights as step 0."""

import shutil
from pathlib import Path

import jax.numpy as jnp

from dalle.errors import DalleError
from dalle.models.checkpoints.checkpoint import read_params
from dalle.models.loading import read_geometry
from dalle.training.bart import optimiser as bart_optimiser
from dalle.training.clip import optimiser as clip_optimiser
from dalle.training.hearing.transfer import carry_over
from dalle.training.nano import TEXT_LENGTH, TEXT_VOCABULARY, TOKENISER
from dalle.training.run import Run, TrainState
from dalle.training.tokenizer.decoder import optimiser as thing_optimiser
from dalle.training.tokenizer.filters import optimiser as filter_optimiser
from dalle.training.tokenizer.finisher import optimiser as finisher_optimiser
from dalle.training.tokenizer.parts import deepened, take_apart, write_codes
from dalle.training.tokenizer.reader import optimiser as vqgan_optimiser

WORDS = "words.txt"  # every word that a caption ever holds, one a line
TEXT = (TEXT_VOCABULARY, TEXT_LENGTH)
CODES = Path("codes", "codes.msgpack")
GROUNDS = Path("codes", "grounds.msgpack")


def adopt(model: Path, runs: Path) -> list[Path]:
    """Fills the folder `runs` from an exported `model`; DalleError where runs are there already.

    Where `train text` has made other vocabularies, the embeddings are carried over to those. A
    decoder of things with fewer blocks than the geometry in `dalle.training.nano` gets more.
    """
    present = [*runs.glob("*/state.msgpack"), *runs.glob("codes/*")]
    if present:
        raise DalleError(
            f"{present[0]} is there already and would be lost; move it away, or choose another "
            "folder with --runs."
        )
    params = {
        part: read_params(model / part, read_geometry(model / part, part)[1], dtype=jnp.float32)
        for part in ("vqgan", "bart", "clip")
    }
    params["vqgan"], known = take_apart(params["vqgan"])
    write_codes(runs / CODES, known["codes"])
    if "grounds" in known:  # else a model that draws pictures as they are
        write_codes(runs / GROUNDS, known["grounds"])
        params["finisher"] = known["finisher"]
    params["things"] = deepened(known["things"], TOKENISER, seed=0)
    params |= {"looks": known["finish"], "tints": known["dye"]}
    for part in ("bart", "clip"):
        text = runs / "text" / part
        if not text.is_dir():
            text.mkdir(parents=True)
            shutil.copy(model / part / "tokenizer.json", text)
        params[part] = carry_over(part, params[part], model / part, text, *TEXT)
    if not (runs / "text" / WORDS).is_file():
        shutil.copy(model / WORDS, runs / "text")
    for part, optimiser in (
        ("things", thing_optimiser(peak=0.0, steps=1, cooldown=1.0)),
        ("looks", filter_optimiser(peak=0.0, steps=1, cooldown=1.0)),
        ("tints", filter_optimiser(peak=0.0, steps=1, cooldown=1.0)),
        ("finisher", finisher_optimiser(peak=0.0, steps=1, cooldown=1.0)),
        ("vqgan", vqgan_optimiser(peak=0.0, steps=1, cooldown=1.0)),
        ("bart", bart_optimiser(peak=0.0, steps=1, cooldown=1.0)),
        ("clip", clip_optimiser(peak=0.0, steps=1, cooldown=1.0)),
    ):
        if part in params:
            Run(runs / part).save(TrainState.begin(params[part], optimiser))
    return [runs / part for part in ("text", "codes", *params)]
