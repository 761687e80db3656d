"""Results that were drawn lately: who asks for the same recipe need not wait for it."""

import functools
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dalle.generation.pictures import make_grid
from dalle.generation.result import Result
from dalle.safety.provenance import default_marker
from dalle.settings import GenerationSettings

Key = str
PIXEL = 4  # bytes that Pillow has for one of an RGB picture


def recipe_key(
    model: str,
    revision: str | None,
    precision: str | None,
    prompt: str,
    settings: GenerationSettings,
) -> Key:
    """One text for all that decides the pictures of a run."""
    return json.dumps([model, revision, precision, prompt, settings.as_dict()], sort_keys=True)


@dataclass(frozen=True)
class Cached:
    """A result, and when it was drawn."""

    result: Result
    made: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def size(self) -> int:
        """Bytes of its pixels; all else is small."""
        return pixel_bytes(self.result)

    @functools.cached_property
    def nameless_png(self) -> bytes:
        """The kept pictures in one marked file without the prompt, seed and settings."""
        grid = make_grid([picture.shown() for picture in self.result.pictures])
        return default_marker().encode(grid, {})


def pixel_bytes(result: Result) -> int:
    """What the pictures of a result take in memory."""
    pictures = [*result.pictures, *result.rejected]
    return sum(PIXEL * picture.image.width * picture.image.height for picture in pictures)


class ResultCache:
    """The results that were asked for last, as many as fit into `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._entries: OrderedDict[Key, Cached] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Cached | None:
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def put(self, key: Key, result: Result) -> None:
        """Keeps a result, and forgets the ones that nobody asked for the longest."""
        entry = Cached(result)
        with self._lock:
            if key in self._entries or entry.size > self.limit:
                return
            self._entries[key] = entry
            self.size += entry.size
            while self.size > self.limit:
                _, oldest = self._entries.popitem(last=False)
                self.size -= oldest.size

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self.size = 0

    def nearest(self, prompt: str, harmless: Callable[[str], bool]) -> Cached | None:
        """The latest result whose prompt has most of these words, no others, and is `harmless`.

        It may be a stranger's, hence both: nobody is shown a word that they did not write, and who
        tries out what others have asked for learns nothing of what is their own business.
        """
        asked = _words(prompt)
        best, most = None, 1
        with self._lock:
            for entry in self._entries.values():
                texts = entry.result.prompt, _against(entry.result)
                words = _words(" ".join(texts))
                if words <= asked and len(words) >= most and all(map(harmless, texts)):
                    best, most = entry, len(words)
        return best


def _words(text: str) -> AbstractSet[str]:
    return frozenset(re.findall(r"\w+", text.lower()))


def _against(result: Result) -> str:
    return result.recipe.get("settings", {}).get("negative_prompt", "")
