"""A prompt to start from: the things, the ground and the look that a model finds in a picture."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from dalle.errors import DalleError
from dalle.generation.editing.grid import Grid
from dalle.generation.editing.original import middle_square, open_original
from dalle.generation.result import Picture
from dalle.text.heard.numbers import WORDS
from dalle.text.heard.world import Entry, World

if TYPE_CHECKING:
    from dalle.generation.pipeline import Pipeline


@dataclass(frozen=True)
class Interrogation:
    """The findings in a picture; words of the model's own world."""

    prompt: str
    things: tuple[tuple[str, float], ...]  # each with its likeness, up to about 1
    ground: str
    look: str  # empty for none


def interrogate(pipeline: "Pipeline", picture: Picture | Image.Image) -> Interrogation:
    """The findings in a picture of this model's or any other; errors as `vary`.

    DalleError too for a model without a table of things.
    """
    if not can_interrogate(pipeline):
        raise DalleError(
            f"The model {pipeline.name} has no table of the things that it draws; "
            "interrogate a picture with nano."
        )
    original = open_original(pipeline, picture)
    place = middle_square(original.pixels, Grid.of(pipeline.image_tokenizer))
    return describe_codes(pipeline, original.codes_at(pipeline, *place))


def can_interrogate(pipeline: "Pipeline") -> bool:
    """Whether the model ships the codes of its things, and their words."""
    return pipeline.thing_codes is not None and pipeline.hearing is not None


def describe_codes(pipeline: "Pipeline", codes: np.ndarray) -> Interrogation:
    """The findings in the codes [T] of a square."""
    world, table = pipeline.hearing.world, pipeline.thing_codes
    config = pipeline.image_tokenizer.config
    overview = pipeline.layout.overview
    vectors = pipeline.image_tokenizer.params["codes"]["embedding"]["embedding"]
    cells = codes[overview:].reshape(config.grid, config.grid)
    known = list(world.kinds)
    found = [(known[row], likeness) for row, likeness in table.find(cells, np.asarray(vectors))]
    look, _, _, ground = codes[:overview] - np.array(config.header_starts)
    looks = ["", *(entry.phrase for entry in world.entries if entry.sort == "look")]
    behind, manner = tell_ground(world, int(ground), table.variants), looks[int(look)]
    subject = tell_things([entry for entry, _ in found])
    prompt = " ".join(part for part in (subject, behind) if part)
    return Interrogation(
        prompt=", ".join(part for part in (prompt, manner) if part),
        things=tuple((entry.phrase, round(likeness, 2)) for entry, likeness in found),
        ground=behind,
        look=manner,
    )


def tell_ground(world: World, code: int, variants: int) -> str:
    """The words for a ground: plain colours come first, then each place in its variants."""
    colours = [entry.phrase for entry in world.entries if entry.sort == "colour"]
    if code < len(colours):
        article = "an" if colours[code][0] in "aeiou" else "a"
        return f"on {article} {colours[code]} background"
    places = [entry.phrase for entry in world.entries if entry.sort == "place"]
    return places[min((code - len(colours)) // variants, len(places) - 1)]


def tell_things(found: Sequence[Entry]) -> str:
    """ "two cats and a dog" """
    counts = Counter(found)
    told = [
        f"{WORDS[number]} {entry.plural}" if number > 1 and entry.plural else entry.phrase
        for entry, number in counts.items()
    ]
    *first, last = told or [""]
    return f"{', '.join(first)} and {last}" if first else last
