"""Files of pictures: each is made once, and few at a time.

A mark of origin and a PNG take a tenth of a second of a core, and many times the memory of the
picture. A result from the cache costs no drawing, so without this anybody could have its files made
as often and as many side by side as requests come in.
"""

import hashlib
import threading
from collections.abc import Callable

from dalle.engine.bounded_store import BoundedStore
from dalle.generation.result import Picture, Result

MOST = 128 * 2**20  # bytes of files that are kept
AT_ONCE = 2  # files that are made side by side


class EncodedFiles:
    """The latest files, by what they are made of."""

    def __init__(self, most: int = MOST, at_once: int = AT_ONCE) -> None:
        self._files: BoundedStore[str, bytes] = BoundedStore(most, len)
        self._turns = threading.BoundedSemaphore(at_once)

    def get(self, key: str, make: Callable[[], bytes]) -> bytes:
        """The file of that key; `make` is called in its turn, where there is none yet."""
        if (content := self._files.get(key)) is None:
            with self._turns:
                # Somebody else may have made it in the meantime.
                if (content := self._files.get(key)) is None:
                    content = make()
                    self._files.put(key, content)
        return content

    def png(self, picture: Picture, *, keep_prompt: bool = False, reveal: bool = False) -> bytes:
        """`Picture.as_png`, made once."""
        return self.get(
            f"{picture.key} png {keep_prompt} {reveal}",
            lambda: picture.as_png(keep_prompt=keep_prompt, reveal=reveal),
        )

    def sheet(self, result: Result, *, keep_prompt: bool = False, signature: str = "") -> bytes:
        """`Result.sheet_png`, made once."""
        told = [signature, *(picture.key for picture in result.pictures)]
        pictures = hashlib.sha256("\n".join(told).encode()).hexdigest()
        return self.get(
            f"{pictures} sheet {keep_prompt}",
            lambda: result.sheet_png(keep_prompt=keep_prompt, signature=signature),
        )


encoded = EncodedFiles()
