"""Files of pictures: each is made once, and few at a time.

A mark of origin and a PNG take a tenth of a second of a core, and many times the memory of the
picture. A result from the cache costs no drawing, so without this anybody could have its files made
as often and as many side by side as requests come in.
"""

import hashlib
from collections.abc import Callable

from dalle.engine.bounded_store import BoundedStore
from dalle.generation.result import Picture, Result
from dalle.serving.http.turns import Turns
from dalle.serving.http.visitors import current_line

MOST = 128 * 2**20  # bytes of files that are kept
AT_ONCE = 2  # files that are made side by side
EACH = 16  # that a visitor may wait for: the nine of a result are asked for at once
MOST_ASKED = 16  # that all may; with those who have none, 32 of the 40 threads for such work
BUSY = "Too many files of pictures are being made at this moment; try it again in a minute."


class EncodedFiles:
    """The latest files, by what they are made of."""

    def __init__(self, most: int = MOST, turns: Turns | None = None) -> None:
        self._files: BoundedStore[str, bytes] = BoundedStore(most, len)
        self._turns = turns or Turns(AT_ONCE, EACH, MOST_ASKED, BUSY)

    def get(self, key: str, make: Callable[[], bytes]) -> bytes:
        """The file of that key; `make` is called in the visitor's turn, where there is none yet.

        BusyError where the visitor, or all together, wait for too many.
        """
        if (content := self._files.get(key)) is None:
            with self._turns.take(current_line()):
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
