"""Files for visitors in gradio's cache, which it serves and cleans up; there is an end to them."""

import contextlib
from pathlib import Path
from typing import Any

from gradio.data_classes import FileData
from gradio.processing_utils import hash_bytes
from gradio.utils import get_upload_folder
from PIL import Image

from dalle.engine.bounded_store import BoundedStore
from dalle.files import write_atomically
from dalle.generation.pictures import encode_preview
from dalle.serving.http.visitors import current_visitor

MOST_GENERATED = 512 * 2**20  # bytes of pictures that programs asked for
MOST_SENT = 128 * 2**20  # bytes of pictures that visitors uploaded


LEAST_COUNTED = 8 * 2**10  # bytes that a file and its folder take of a disk, however small it is


class Shelf:
    """Files of which the oldest of the visitor who has most go where there are too many bytes."""

    def __init__(self, most: int, least: int = LEAST_COUNTED) -> None:
        self._sizes: BoundedStore[Path, int] = BoundedStore(most, lambda size: max(size, least))

    def put(self, path: Path, size: int) -> None:
        """A file that was written, perhaps once more."""
        for oldest in self._sizes.put(path, size, current_visitor()):
            oldest.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # another file is in it
                oldest.parent.rmdir()


GENERATED, SENT = Shelf(MOST_GENERATED), Shelf(MOST_SENT)


def keep(content: bytes, name: str, shelf: Shelf = GENERATED) -> str:
    """Writes a file, whole or not at all, to where gradio serves it from; its path."""
    # The folder that gradio itself would copy it to, so that there is one file and not two.
    folder = Path(get_upload_folder()).resolve() / hash_bytes(content)
    path = folder / name
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    shelf.put(path, len(content))
    return str(path)


def keep_preview(sheet: Image.Image) -> str:
    """The path of a sheet on the way."""
    return keep(encode_preview(sheet), "preview.jpeg")


def link(path: str) -> dict[str, Any]:
    """A picture's file as gradio's clients know it: they get its address, or the file itself."""
    kind = f"image/{Path(path).suffix.removeprefix('.')}"
    return FileData(path=path, orig_name=Path(path).name, mime_type=kind).model_dump()
