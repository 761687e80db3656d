"""The latest results: a request for the same recipe need not be computed again."""

import json

from dalle.engine.bounded_store import BoundedStore
from dalle.generation.result import Result
from dalle.settings import GenerationSettings

Key = str
PIXEL = 4  # bytes that Pillow has for one of an RGB picture


def recipe_key(
    model: str,
    revision: str | None,
    precision: str | None,
    prompt: str,
    settings: GenerationSettings,
    alteration: str | None = None,
) -> Key:
    """One text for everything that decides the pictures of a run.

    `alteration` is the key of an alteration, where a picture is altered.
    """
    told = [model, revision, precision, prompt, settings.as_dict(), alteration]
    return json.dumps(told, sort_keys=True)


def pixel_bytes(result: Result) -> int:
    """The bytes that the pictures of a result take in memory; all else is small."""
    pictures = [*result.pictures, *result.rejected]
    return sum(PIXEL * picture.image.width * picture.image.height for picture in pictures)


class ResultCache(BoundedStore[Key, Result]):
    """The results that were asked for last, as many as fit into `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit, pixel_bytes)

    def put(self, key: Key, result: Result) -> list[Key]:
        """Keeps a result, if it fits at all."""
        return super().put(key, result) if pixel_bytes(result) <= self.limit else []
