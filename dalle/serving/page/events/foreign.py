"""Pictures that visitors begin with: kept for a while, each under a name that nobody can guess."""

import base64
import io
import secrets
from typing import Any

from PIL import Image

from dalle.engine.bounded_store import BoundedStore
from dalle.errors import DalleError
from dalle.safety.foreign_image import open_foreign
from dalle.serving.http.visitors import current_visitor

KEPT_MEGABYTES = 64
SHOWN = 768  # pixels of the shorter side that the page shows of one
THUMBNAIL = 96
GONE = "The server no longer has this picture; choose it once more."


class ForeignPictures:
    """The latest pictures that visitors sent."""

    def __init__(self, megabytes: int = KEPT_MEGABYTES) -> None:
        self._pictures: BoundedStore[str, Image.Image] = BoundedStore(
            megabytes * 2**20, lambda image: 4 * image.width * image.height
        )

    def take(self, content: bytes) -> str:
        """Keeps a picture, upright, and nothing else of its file; its name. DalleError if none."""
        name = secrets.token_urlsafe(16)
        self._pictures.put(name, open_foreign(content).image, current_visitor())
        return name

    def get(self, name: Any) -> Image.Image:
        """The picture of that name; DalleError when it is forgotten."""
        image = self._pictures.get(name) if isinstance(name, str) else None
        if image is None:
            raise DalleError(GONE)
        return image


def jpeg_uri(image: Image.Image, side: int) -> str:
    """A picture for the page to show: a data URI, the shorter side of at most so many pixels."""
    scale = min(1.0, side / min(image.size))
    size = tuple(max(1, round(scale * length)) for length in image.size)
    encoded = io.BytesIO()
    image.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(encoded, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.getvalue()).decode()}"
