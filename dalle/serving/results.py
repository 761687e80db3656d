"""The latest results, kept for a while: to rank again, to pack, to compare with.

Each is known by a name that cannot be guessed and that only its visitor is told.
"""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from dalle.errors import DalleError
from dalle.generation.result import Picture, Result
from dalle.serving.cache import pixel_bytes

KEPT_MEGABYTES = 256


@dataclass(frozen=True)
class Kept:
    """A result and its files; a file is made once, so that all its copies are the same bytes."""

    result: Result
    files: dict[int, bytes] = field(default_factory=dict)  # by candidate
    keep_prompt: bool = False  # in the files

    def png(self, picture: Picture) -> bytes:
        """The file of one of the pictures: the only place where the page makes one."""
        if picture.candidate not in self.files:
            self.files[picture.candidate] = picture.as_png(keep_prompt=self.keep_prompt)
        return self.files[picture.candidate]

    def revealed(self, picture: Picture) -> bytes:
        """The file of a picture that is blurred, for a visitor who asks to see it."""
        return picture.as_png(keep_prompt=self.keep_prompt, reveal=True)

    def find(self, candidate: int) -> Picture | None:
        """The picture of a candidate, kept or rejected."""
        drawn = [*self.result.pictures, *self.result.rejected]
        return next((picture for picture in drawn if picture.candidate == candidate), None)

    @property
    def size(self) -> int:
        """Bytes of its pixels; its files are a fraction of them."""
        return pixel_bytes(self.result)


class Results:
    """The results by their names; the oldest are forgotten when there are too many."""

    def __init__(self, megabytes: int = KEPT_MEGABYTES) -> None:
        self._room = megabytes * 2**20
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def keep(
        self, result: Result, files: dict[int, bytes] | None = None, keep_prompt: bool = False
    ) -> str:
        """Keeps a result and tells its name; `files` are those of its pictures made already."""
        name = secrets.token_urlsafe(16)
        with self._lock:
            self._kept[name] = Kept(result, dict(files or {}), keep_prompt)
            while len(self._kept) > 1 and sum(k.size for k in self._kept.values()) > self._room:
                self._kept.popitem(last=False)
        return name

    def get(self, name: str) -> Kept:
        """The result of that name; DalleError when it is forgotten."""
        with self._lock:
            if name not in self._kept:
                raise DalleError(
                    "The server no longer has these pictures, though you still see them. Press "
                    "“Use these settings”, then Generate: the same seed draws the same ones."
                )
            return self._kept[name]
