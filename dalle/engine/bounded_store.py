"""A dictionary that forgets its oldest entries."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from itertools import chain
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedStore(Generic[K, V]):
    """Entries of at most `limit` bytes together, safe for threads; the least recently used go.

    Where entries have owners, those go whose owner has the most bytes, so that nobody pushes out
    what others have. `size_of(value)` is in bytes. The newest entry stays, however large it is.
    """

    def __init__(self, limit: int, size_of: Callable[[V], int]) -> None:
        self.limit = limit
        self.size = 0
        self._size_of = size_of
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._owners: dict[K, Hashable] = {}
        # Of each owner the keys, the least recently used first, and their bytes.
        self._keys: dict[Hashable, OrderedDict[K, None]] = {}
        self._held: Counter[Hashable] = Counter()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """The value of a key, which counts as used; None where it is unknown or forgotten."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                self._keys[self._owners[key]].move_to_end(key)
            return self._entries.get(key)

    def put(self, key: K, value: V, owner: Hashable = None) -> list[K]:
        """Keeps a value as the newest, and forgets others until all fit: returns their keys."""
        forgotten = []
        with self._lock:
            if key in self._entries:
                self._forget(key)
            self._entries[key], self._owners[key] = value, owner
            self._keys.setdefault(owner, OrderedDict())[key] = None
            self._held[owner] += self._size_of(value)
            self.size += self._size_of(value)
            while self.size > self.limit and len(self._entries) > 1:
                forgotten.append(self._forget(self._next_to_go(key)))
        return forgotten

    def _next_to_go(self, newest: K) -> K:
        """The oldest entry of the owner who has most, or of all where that is the newest alone."""
        [(greatest, _)] = self._held.most_common(1)
        keys = chain(self._keys[greatest], self._entries)
        return next(key for key in keys if key != newest)

    def _forget(self, key: K) -> K:
        size, owner = self._size_of(self._entries.pop(key)), self._owners.pop(key)
        self.size -= size
        self._held[owner] -= size
        del self._keys[owner][key]
        if not self._keys[owner]:
            del self._keys[owner], self._held[owner]
        return key

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._entries.clear()
            self._owners.clear()
            self._keys.clear()
            self._held.clear()
            self.size = 0
