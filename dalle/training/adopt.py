"""Begins runs from a model that ships: its vocabularies, its codes, and its weights as step 0."""

import shutil
from pathlib import Path

import jax.numpy as jnp

from dalle.errors import DalleError
from dalle.models.checkpoint import read_params
from dalle.models.loading import read_geometry
from dalle.training.bart import optimiser as bart_optimiser
from dalle.training.clip import optimiser as clip_optimiser
from dalle.training.filters import optimiser as filter_optimiser
from dalle.training.parts import take_apart, write_codes
from dalle.training.runs import Run, TrainState
from dalle.training.things import optimiser as thing_optimiser
from dalle.training.vqgan import optimiser as vqgan_optimiser

WORDS = "words.txt"  # every word that a caption ever holds, one a line
CODES = Path("codes", "codes.msgpack")


def adopt(model: Path, runs: Path) -> list[Path]:
    """Fills the folder `runs` from an exported `model`; DalleError where runs are there already."""
    present = [*runs.glob("*/state.msgpack"), *runs.glob("text/*"), *runs.glob("codes/*")]
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
    params |= {"things": known["things"], "looks": known["finish"], "tints": known["dye"]}
    for part in ("bart", "clip"):
        (runs / "text" / part).mkdir(parents=True)
        shutil.copy(model / part / "tokenizer.json", runs / "text" / part)
    shutil.copy(model / WORDS, runs / "text")
    for part, optimiser in (
        ("things", thing_optimiser(peak=0.0, steps=1, cooldown=1.0)),
        ("looks", filter_optimiser(peak=0.0, steps=1, cooldown=1.0)),
        ("tints", filter_optimiser(peak=0.0, steps=1, cooldown=1.0)),
        ("vqgan", vqgan_optimiser(peak=0.0, steps=1, cooldown=1.0)),
        ("bart", bart_optimiser(peak=0.0, steps=1, cooldown=1.0)),
        ("clip", clip_optimiser(peak=0.0, steps=1, cooldown=1.0)),
    ):
        Run(runs / part).save(TrainState.begin(params[part], optimiser))
    return [runs / part for part in ("text", "codes", *params)]
