"""Pictures on their way out and in: files in gradio's cache, which it serves and cleans up."""

import base64
import binascii
import os
import reprlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from gradio.data_classes import FileData
from gradio.processing_utils import hash_bytes
from gradio.utils import get_upload_folder
from PIL import Image

from dalle.errors import DalleError
from dalle.safety.bounded import open_bounded
from dalle.serving.tiles import encode_preview
from dalle.settings import SettingsError

FILE_ROUTE = "/gradio_api/file="
MAX_MEGABYTES = 4


def keep(content: bytes, name: str) -> str:
    """Writes a file, whole or not at all, to where gradio serves it from; its path."""
    # The folder that gradio itself would copy it to, so that there is one file and not two.
    folder = Path(get_upload_folder()).resolve() / hash_bytes(content)
    path = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{name}.{os.getpid()}.{os.urandom(4).hex()}.partial"
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return str(path)


def keep_preview(sheet: Image.Image) -> str:
    """The path of a sheet on the way."""
    return keep(encode_preview(sheet), "preview.jpeg")


def link(path: str) -> dict[str, Any]:
    """A picture's file as gradio's clients know it: they get its address, or the file itself."""
    kind = f"image/{Path(path).suffix.removeprefix('.')}"
    return FileData(path=path, orig_name=Path(path).name, mime_type=kind).model_dump()


def read_picture(name: str, given: Any) -> Image.Image:
    """A picture that a program sends: RGB; SettingsError, which names it, where there is none.

    It may be a data URI, the address of a file on this server (one that it drew or was sent), or
    what gradio's clients make of an uploaded file. Nothing is fetched from anywhere else.
    """
    reference = given.get("path") if isinstance(given, dict) else given
    if not isinstance(reference, str):
        raise SettingsError(
            f"{name} is {reprlib.repr(given)}; it must be a data URI (data:image/png;base64,...), "
            "or the address of a picture on this server."
        )
    if reference.startswith("data:"):
        content = _read_data_uri(name, reference)
    else:
        content = _read_own_file(name, reference)
    return _open(name, content)


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


def _open(name: str, content: bytes) -> Image.Image:
    try:
        return open_bounded(content, MAX_MEGABYTES).convert("RGB")
    except DalleError as error:
        raise SettingsError(f"{name} cannot be read. {error}") from error
