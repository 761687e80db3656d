"""A picture as the model's image encoder reads it: shown before anything is drawn on from it."""

import time
from typing import TYPE_CHECKING

from PIL import Image

from dalle.generation.editing.grid import Grid
from dalle.generation.editing.interrogate import can_interrogate, describe_codes
from dalle.generation.editing.original import Source, middle_square, open_original, tell_error
from dalle.generation.editing.single import single_result
from dalle.generation.result import Picture, Result

if TYPE_CHECKING:
    from dalle.generation.pipeline import Pipeline

OURS = "This model drew the picture itself, so that it goes on from its very codes."


def read_back(pipeline: "Pipeline", picture: Picture | Image.Image) -> Result:
    """A result of one picture, the model's own version of the middle square, with a note."""
    started = time.perf_counter()
    original = open_original(pipeline, picture)
    grid = Grid.of(pipeline.image_tokenizer)
    top, left = middle_square(original.pixels, grid)
    shown = square = original.pixels[top : top + grid.resolution, left : left + grid.resolution]
    note = OURS
    codes = original.codes
    if original.recipe is None or codes is None:
        codes, shown = pipeline.read(square)
        note = tell_error(shown, square)
    seconds = {"reading": time.perf_counter() - started}
    source = Source(Image.fromarray(original.pixels), original.recipe, original.verdict)
    edit = {"kind": "read"}
    if can_interrogate(pipeline):
        edit["suggested"] = describe_codes(pipeline, codes).prompt
    image = Image.fromarray(shown)
    return single_result(pipeline, image, source, edit, seconds, [note], codes.tolist())
