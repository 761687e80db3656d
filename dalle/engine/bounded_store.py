"""A dictionary that forgets its oldest entries."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedStore(Generic[K, V]):
    """Entries of at most `limit` bytes together, safe for threads; the least recently used go.

    `size_of(value)` is in bytes. The newest entry stays, however large it is.
    """

    def __init__(self, limit: int, size_of: Callable[[V], int]) -> None:
        self.limit = limit
        self.size = 0
        self._size_of = size_of
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """The value of a key, which counts as used; None where it is unknown or forgotten."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def put(self, key: K, value: V) -> list[K]:
        """Keeps a value as the newest, and forgets others until all fit: returns their keys."""
        forgotten = []
        with self._lock:
            if key in self._entries:
                self.size -= self._size_of(self._entries.pop(key))
            self._entries[key] = value
            self.size += self._size_of(value)
            while self.size > self.limit and len(self._entries) > 1:
                oldest, dropped = self._entries.popitem(last=False)
                self.size -= self._size_of(dropped)
                forgotten.append(oldest)
        return forgotten

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._entries.clear()
            self.size = 0
