"""The settings that remake a picture of ours, read from its file."""

import base64
import binascii
from typing import Any

from dalle.errors import DalleError
from dalle.safety.provenance.marker import recipe_of


def read_recipe(content: bytes) -> dict[str, Any]:
    """The recipe in a file of ours; DalleError, with advice, where there is none."""
    recipe = recipe_of(content)
    if recipe is None or not isinstance(recipe.get("settings"), dict):
        raise DalleError(
            "This picture holds no recipe that can be read: it was not downloaded here, or was "
            "edited or sent through an app that takes such notes out. The original file restores "
            "its settings."
        )
    return recipe


def decode_upload(text: Any) -> bytes:
    """A file's content out of the base64 that the browser sends; DalleError for anything else."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise DalleError("The file did not arrive whole; choose it again.") from error
