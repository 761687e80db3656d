"""Pictures that programs send to be ranked: decoded apart, shrunk, and never too many at once."""

import base64
import binascii
import reprlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from gradio.utils import get_upload_folder
from PIL import Image

from dalle.errors import DalleError
from dalle.safety.file_decoder import decode
from dalle.serving.api.descriptions import MAX_RANKED
from dalle.serving.http.budget import Budget
from dalle.serving.http.turns import Turns
from dalle.serving.http.visitors import current_line
from dalle.settings import SettingsError

FILE_ROUTE = "/gradio_api/file="
MAX_MEGABYTES = 4
SQUARE = 512  # pixels a side that are kept of a picture; CLIP looks at 96 to 336
MOST_OF_A_CALL = 64_000_000  # pixels, before they are shrunk
MOST_HELD = 64_000_000  # pixels of all calls that wait, after it
MOST_OF_ONE = MOST_HELD // 3  # of those of a visitor; a call may hold 17 million
AT_ONCE = 2  # files that are decoded side by side
EACH = 8  # that a visitor may have, those that wait among them


def too_many() -> DalleError:
    return DalleError("Too many pictures are waiting to be ranked; try it again in a minute.")


_all = Budget(MOST_HELD, too_many, MOST_OF_ONE)
_decoding = Turns(AT_ONCE, EACH)


@contextmanager
def turn_to_decode(turns: Turns = _decoding) -> Iterator[None]:
    """While a program's files are decoded; BusyError where too many of its visitor's wait.

    Else a hundred files of one visitor would stand before those of everybody else.
    """
    with turns.take(current_line()):
        yield


@contextmanager
def incoming_pictures(pictures: Any, held: Budget = _all) -> Iterator[list[Image.Image]]:
    """The pictures of a request as RGB, while they are needed.

    SettingsError names the first that is none; DalleError where they are too large together, or
    too many others wait.
    """
    if not isinstance(pictures, list) or not 1 <= len(pictures) <= MAX_RANKED:
        given = f"{len(pictures)} long" if isinstance(pictures, list) else "no list"
        raise SettingsError(
            f"pictures is {given}; it must be a list of 1 to {MAX_RANKED} pictures, "
            "each a data URI or an address that /generate gave."
        )
    images: list[Image.Image] = []
    visitor = current_line()
    seen = kept = 0
    try:
        for index, given in enumerate(pictures):
            with turn_to_decode():
                image = read_picture(f"pictures[{index}]", given)
            seen += image.info["pixels"]
            if seen > MOST_OF_A_CALL:
                raise SettingsError(
                    f"pictures has more than {MOST_OF_A_CALL // 10**6} megapixels together; send "
                    "fewer at a time, or smaller ones."
                )
            held.take(image.width * image.height, visitor)
            kept += image.width * image.height
            images.append(image)
        yield images
    finally:
        held.give_back(kept, visitor)


def read_picture(name: str, given: Any) -> Image.Image:
    """A picture that a program sends: RGB; SettingsError, which names it, where there is none."""
    with naming(name):
        return decode(read_content(name, given), MAX_MEGABYTES, SQUARE)


def read_content(name: str, given: Any) -> bytes:
    """The file that a program sends; SettingsError, which names it, where there is none.

    It may be a data URI, the address of a file on this server, or the form that gradio's clients
    give to an uploaded file. Nothing is fetched from anywhere else.
    """
    reference = given.get("path") if isinstance(given, dict) else given
    if not isinstance(reference, str):
        raise SettingsError(
            f"{name} is {reprlib.repr(given)}; it must be a data URI (data:image/png;base64,...), "
            "or the address of a picture on this server."
        )
    if reference.startswith("data:"):
        return _read_data_uri(name, reference)
    return _read_own_file(name, reference)


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Says of which picture a sentence about a file is."""
    try:
        yield
    except SettingsError:
        raise
    except DalleError as error:
        raise SettingsError(f"{name} cannot be read. {error}") from error


def _read_data_uri(name: str, uri: str) -> bytes:
    head, _, data = uri.partition(",")
    try:
        if not head.endswith(";base64"):
            raise ValueError(head)
        return base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error) as error:
        raise SettingsError(
            f"{name} is no data URI that can be read; "
            "write data:image/png;base64, and then the file in base64."
        ) from error


def _read_own_file(name: str, reference: str) -> bytes:
    path = urlsplit(reference).path if FILE_ROUTE in reference else reference
    if FILE_ROUTE in path:
        path = unquote(path[path.index(FILE_ROUTE) + len(FILE_ROUTE) :])
    try:
        file = Path(path).resolve()
        ours = file.is_relative_to(Path(get_upload_folder()).resolve()) and file.is_file()
    except (OSError, ValueError):  # too long for a path, or with a null character in it
        ours = False
    if not ours:
        raise SettingsError(
            f"{name} is not on this server (pictures are kept for a day); "
            "generate it again, or send it as a data URI."
        )
    with file.open("rb") as opened:
        return opened.read(MAX_MEGABYTES * 2**20 + 1)  # so much is too much
