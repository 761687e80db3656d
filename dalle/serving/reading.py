"""What one of our pictures tells about itself: the settings that remake it."""

import base64
import binascii
import io
import json
from typing import Any

from PIL import Image, UnidentifiedImageError

from dalle.errors import DalleError
from dalle.generation.result import RECIPE_CHUNK

LARGEST_FILE = 5 * 2**20  # in base64 no longer than the door lets through
TOO_LARGE = "This picture is larger than any of ours; choose another one."
LARGEST_PICTURE = 16_000_000  # pixels; ours have less than a tenth of a million


def read_recipe(content: bytes) -> dict[str, Any]:
    """The recipe in a PNG file of ours; DalleError, with what to do, where there is none."""
    if len(content) > LARGEST_FILE:
        raise DalleError("This file is larger than any picture of ours; choose another one.")
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            if image.width * image.height > LARGEST_PICTURE:
                raise DalleError(TOO_LARGE)
            image.load()  # text may stand behind the pixels
            text = image.text.get(RECIPE_CHUNK)
    except Image.DecompressionBombError as error:
        raise DalleError(TOO_LARGE) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise DalleError(
            "This is not a PNG file that can be read. The pictures downloaded here are PNG files; "
            "choose one of them as it was saved."
        ) from error
    if text is None:
        raise DalleError(
            "This PNG holds no recipe: it was not downloaded here, or was edited or sent through "
            "an app that takes such notes out. The original file restores its settings."
        )
    try:
        recipe = json.loads(text)
        dict(recipe["settings"]), str(recipe.get("prompt", "")), int(recipe["seed"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DalleError("The recipe in this PNG is damaged; choose another one.") from error
    return recipe


def decode_upload(text: Any) -> bytes:
    """A file's content out of the base64 that the browser sends; DalleError for anything else."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise DalleError("The file did not arrive whole; choose it again.") from error
