"""A picture's file for the commands that go on with one; a stranger may have made it."""

from typing import TYPE_CHECKING

from dalle.safety.open_image import read_picture_file

if TYPE_CHECKING:
    from PIL import Image


def open_picture(path: str) -> "Image.Image":
    """The picture with the notes of its file; DalleError where there is none that can be used."""
    from dalle.safety.file_decoder import decode
    from dalle.safety.plain_image import as_plain

    image = decode(read_picture_file(path))
    as_plain(image)  # before the model is loaded, so that a useless file is told at once
    return image
