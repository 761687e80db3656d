"""The latest results, kept for a while: to rank again, to pack, to compare with.

Each is known by a name that cannot be guessed and that only its visitor is told.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from dalle.engine.bounded_store import BoundedStore
from dalle.engine.result_cache import pixel_bytes
from dalle.errors import DalleError
from dalle.generation.result import Picture, Result
from dalle.serving.encoded import encoded
from dalle.serving.http.visitors import current_visitor

KEPT_MEGABYTES = 256


@dataclass(frozen=True)
class StoredResult:
    """A result, and how its files are made."""

    result: Result
    keep_prompt: bool = False  # in the files
    name: str = ""

    def png(self, picture: Picture) -> bytes:
        """The file of one of the pictures: the only place where the page asks for one."""
        return encoded.png(picture, keep_prompt=self.keep_prompt)

    def revealed(self, picture: Picture) -> bytes:
        """The file of a picture that is blurred, for a visitor who asks to see it."""
        return encoded.png(picture, keep_prompt=self.keep_prompt, reveal=True)

    def find(self, candidate: int) -> Picture | None:
        """The picture of a candidate, kept or rejected."""
        pictures = [*self.result.pictures, *self.result.rejected]
        return next((picture for picture in pictures if picture.candidate == candidate), None)

    @property
    def size(self) -> int:
        """Bytes of its pixels."""
        return pixel_bytes(self.result)


class ResultStore:
    """The results by their names; the oldest are forgotten when there are too many."""

    def __init__(self, megabytes: int = KEPT_MEGABYTES) -> None:
        self._results: BoundedStore[str, StoredResult] = BoundedStore(
            megabytes * 2**20, lambda stored: stored.size
        )

    def keep(self, result: Result, keep_prompt: bool = False) -> str:
        """Keeps a result and returns its name."""
        name = secrets.token_urlsafe(16)
        self._results.put(name, StoredResult(result, keep_prompt, name), current_visitor())
        return name

    def get(self, name: Any) -> StoredResult:
        """The result of that name; DalleError when it is forgotten."""
        stored = self._results.get(name) if isinstance(name, str) else None
        if stored is None:
            raise DalleError(
                "The server was restarted and no longer has these pictures. Press “Use these "
                "settings”, then Generate, to draw them again."
            )
        return stored
