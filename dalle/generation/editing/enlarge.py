"""A picture two or four times as large."""

import numbers
import reprlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from dalle.generation.editing.original import open_as_it_is
from dalle.generation.editing.single import single_result
from dalle.generation.result import Picture, Result
from dalle.models.enlarger import count_steps, load_enlarger
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


def sizes(times: int, image: Image.Image) -> list[tuple[int, int]]:
    """Those that are doubled on the way, once for twice and twice for four times as large."""
    doublings = int(times).bit_length() - 1
    return [(image.width * 2**number, image.height * 2**number) for number in range(doublings)]


def slots_of(times: int, image: Image.Image) -> int:
    """The slots of a batch that take as long."""
    return sum(count_steps(*size) for size in sizes(times, image))


def enlarge(
    pipeline: "Pipeline", picture: Picture | Image.Image, times: int
) -> Iterator[Result | None]:
    """A result of one picture, and None before it after the work of a slot.

    Its invisible mark is put on when it leaves, as on every picture.
    """
    started = time.perf_counter()
    source = open_as_it_is(pipeline, picture)
    image = source.image
    pixels = np.asarray(image.convert("RGB"))
    for number, _ in enumerate(sizes(times, image)):
        if number:
            yield None
        for larger in load_enlarger().steps(pixels):
            if larger is None:
                yield None
        pixels = larger
    edit = {"kind": "enlarge", "times": times}
    seconds = {"enlarging": time.perf_counter() - started}
    yield single_result(pipeline, Image.fromarray(pixels), source, edit, seconds)
