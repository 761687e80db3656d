"""The owner's gallery: the pictures of a folder, each with its prompt in its file.

Files may come from anybody, so each is checked like a stranger's picture, and what is shown is a
new file of its pixels.
"""

import io
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dalle.errors import DalleError
from dalle.safety.file_decoder import decode
from dalle.safety.pictures.checker import PictureChecker, default_checker
from dalle.safety.plain_image import as_plain
from dalle.safety.provenance.marker import RECIPE_CHUNK, parse_recipe, write_xmp
from dalle.safety.settings import variable_of
from dalle.serving.page.examples import QUALITY, THUMBNAIL
from dalle.serving.page.links import read_query, write_query
from dalle.settings import SettingsError

log = logging.getLogger(__name__)

MOST = 60  # pictures
MEGABYTES = 4  # of a file
LARGEST = 1024  # pixels of the longer side that are shown
ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
NO_PROMPT = (
    "its prompt is not in the file; tick “Save the prompt in downloads”, then download it once more"
)


@dataclass(frozen=True)
class Pick:
    """A picture of the gallery, with the prompt and the settings that made it."""

    name: str
    prompt: str
    made: str  # by which model and with which seed, in words
    picture: bytes  # WebP
    thumbnail: bytes  # WebP

    @property
    def small(self) -> str:
        """The address of the thumbnail, seen from the page."""
        return f"picks/{self.name}-small.webp"

    @property
    def large(self) -> str:
        """The address of the picture."""
        return f"picks/{self.name}.webp"


def read_picks(
    folder: str, judge: Callable[[str], None], checker: PictureChecker | None = None
) -> tuple[Pick, ...]:
    """The gallery in a folder, in the order of its names; what cannot be shown is logged.

    `judge` raises for a prompt that is refused. SettingsError where there is no such folder.
    """
    if not Path(folder).is_dir():
        raise SettingsError(
            f"{variable_of('picks')} is {folder!r}; it must be a folder of pictures that were "
            "downloaded here with their prompts."
        )
    paths = sorted(path for path in Path(folder).iterdir() if path.suffix.lower() in ENDINGS)
    if len(paths) > MOST:
        log.warning("the gallery has %d pictures; the first %d are shown", len(paths), MOST)
    picks = []
    for path in paths[:MOST]:
        try:
            picks.append(_read(path, f"{len(picks) + 1}", judge, checker or default_checker()))
        except (DalleError, OSError) as error:
            log.warning("%s is left out of the gallery: %s", path.name, error)
    return tuple(picks)


def _read(path: Path, name: str, judge: Callable[[str], None], checker: PictureChecker) -> Pick:
    with path.open("rb") as file:
        decoded = decode(file.read(MEGABYTES * 2**20 + 1), MEGABYTES)
    recipe = parse_recipe(decoded.info.get(RECIPE_CHUNK))
    if recipe is None:
        raise DalleError("it holds no recipe; choose a PNG file as it was downloaded here.")
    try:
        link = read_query(write_query(recipe, run=False))
    except DalleError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DalleError(f"its recipe cannot be read ({type(error).__name__}).") from error
    if not link.prompt.strip():
        raise DalleError(f"{NO_PROMPT}.")
    judge(link.prompt)
    image = as_plain(decoded)
    (verdict,) = checker.check(np.asarray(image)[None])
    if verdict.check != "show":
        raise DalleError(verdict.reason)
    image.thumbnail((LARGEST, LARGEST))
    small = image.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    model = link.origin.get("model", "an unnamed model")
    made = f"drawn by {model} with seed {link.knobs.get('seed')}"
    xmp = write_xmp(recipe).encode()
    return Pick(name, link.prompt, made, _as_webp(image, xmp), _as_webp(small, xmp))


def _as_webp(image: Image.Image, xmp: bytes) -> bytes:
    encoded = io.BytesIO()
    image.save(encoded, "WEBP", quality=QUALITY, xmp=xmp)
    return encoded.getvalue()
