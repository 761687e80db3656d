"""A picture two or four times as large."""

import numbers
import reprlib
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from dalle.generation.editing.original import open_as_it_is
from dalle.generation.editing.single import single_result
from dalle.generation.result import Picture, Result
from dalle.models.enlarger import load_enlarger
from dalle.settings import SettingsError

if TYPE_CHECKING:
    from dalle.generation.pipeline import Pipeline

TIMES = (2, 4)
MOST_PIXELS = 8_000_000  # of an enlarged picture


def check_times(times: Any, image: Image.Image) -> int:
    """The factor as given; SettingsError for another one, or where the picture would be huge."""
    real = isinstance(times, numbers.Real) and not isinstance(times, bool)
    if not real or times not in TIMES:
        raise SettingsError(f"times is {reprlib.repr(times)}; it must be 2 or 4.")
    if image.width * image.height * times**2 > MOST_PIXELS:
        raise SettingsError(
            f"The picture has {image.width} x {image.height} pixels, so {int(times)} times as "
            f"large it would have more than {MOST_PIXELS // 10**6} megapixels; give a smaller one."
        )
    return int(times)


def enlarge(pipeline: "Pipeline", picture: Picture | Image.Image, times: int) -> Result:
    """A result of one picture; its invisible mark is put on when it leaves, as on every picture."""
    started = time.perf_counter()
    source = open_as_it_is(pipeline, picture)
    image = source.image
    pixels = np.asarray(image.convert("RGB"))
    for _ in range(int(times).bit_length() - 1):  # twice for 4 times
        pixels = load_enlarger().enlarge(pixels)
    edit = {"kind": "enlarge", "times": times}
    seconds = {"enlarging": time.perf_counter() - started}
    return single_result(pipeline, Image.fromarray(pixels), source, edit, seconds)
