"""The arrays of a `flax_model.msgpack`, found without reading their data.

flax.serialization restores a file whole, in memory, before its content can be checked. Here
only the headers are walked, on a memory map: a wrong file costs nothing, a right one is read
array by array. Format: github.com/msgpack/msgpack/blob/master/spec.md; an array is extension 1
(a scalar: 3) holding [shape, dtype name, bytes]; above 1 GiB it is a map of flat chunks.
"""

import math
import mmap
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count, takewhile
from pathlib import Path

import ml_dtypes
import numpy as np

from dalle.errors import CheckpointError

FLOATS = {
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float32": np.dtype(np.float32),
}
DTYPES = FLOATS | {"int8": np.dtype(np.int8)}  # the last only beside its scale
ARRAY_EXTENSIONS = (1, 3)
CHUNKED = "__msgpack_chunked_array__"

# No published model comes near these; a damaged or hostile file could ask for anything.
MAX_DEPTH = 32
MAX_NODES = 100_000
MAX_NAME_BYTES = 1_000
MAX_RANK = 8

# First byte -> kind of value, where the byte itself holds the length (or the small number).
SHORT_FORMS = (
    (0x00, 0x7F, "int"),
    (0x80, 0x8F, "map"),
    (0x90, 0x9F, "array"),
    (0xA0, 0xBF, "str"),
    (0xC2, 0xC3, "int"),  # false and true
)
# First byte -> kind, and the bytes of the length (or of the number) that follows.
LONG_FORMS = (
    {0xC4 + i: ("bin", 1 << i) for i in range(3)}
    | {0xC7 + i: ("ext", 1 << i) for i in range(3)}
    | {0xCC + i: ("int", 1 << i) for i in range(4)}
    | {0xD9 + i: ("str", 1 << i) for i in range(3)}
    | {0xDC + i: ("array", 2 << i) for i in range(2)}
    | {0xDE + i: ("map", 2 << i) for i in range(2)}
)
FIXED_EXTENSIONS = {0xD4 + i: 1 << i for i in range(5)}

Name = tuple[str, ...]


@dataclass(frozen=True)
class StoredArray:
    """An array in a file; `read` returns its values, where it can without copying them."""

    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], np.ndarray]


class HeaderWalker:
    """One pass over the headers; arrays found before a fault stay in `found`."""

    def __init__(self, data: mmap.mmap):
        self.data = data
        self.position = 0
        self.nodes = 0
        self.found: dict[Name, StoredArray] = {}
        self.numbers: dict[Name, int] = {}

    def take(self, size: int) -> int:
        """Move over `size` bytes and return where they start."""
        start, self.position = self.position, self.position + size
        if self.position > len(self.data):
            raise CheckpointError(
                f"the file is cut: {len(self.data):,} bytes of at least {self.position:,}"
            )
        return start

    def number(self, width: int) -> int:
        start = self.take(width)
        return int.from_bytes(self.data[start : self.position], "big")

    def head(self) -> tuple[str, int]:
        """The next value's kind, and its length (a number: its value)."""
        first = self.number(1)
        for low, high, kind in SHORT_FORMS:
            if low <= first <= high:
                return kind, first - low
        if first in FIXED_EXTENSIONS:
            return "ext", FIXED_EXTENSIONS[first]
        if first in LONG_FORMS:
            kind, width = LONG_FORMS[first]
            return kind, self.number(width)
        raise self.damaged(f"a value of type 0x{first:02x}")

    def damaged(self, what: str) -> CheckpointError:
        return CheckpointError(f"the file is damaged: {what} before byte {self.position:,}")

    def expect(self, kind: str, limit: int) -> int:
        found, length = self.head()
        if found != kind or length > limit:
            raise self.damaged(f"a {found} of {length:,} where a {kind} should be")
        return length

    def text(self) -> str:
        length = self.expect("str", MAX_NAME_BYTES)
        start = self.take(length)
        try:
            return self.data[start : self.position].decode()
        except UnicodeDecodeError:
            raise self.damaged("a name that is not UTF-8") from None

    def array(self, length: int) -> StoredArray:
        """The body of an array extension, its data skipped."""
        if self.number(1) not in ARRAY_EXTENSIONS:
            raise self.damaged("an extension that is no array")
        end = self.position + length
        if self.expect("array", 3) != 3:
            raise self.damaged("an array without its three parts")
        rank = self.expect("array", MAX_RANK)
        shape = tuple(self.expect_number() for _ in range(rank))
        dtype = self.text()
        size = self.expect("bin", length)
        start = self.take(size)
        wanted = math.prod(shape) * DTYPES[dtype].itemsize if dtype in DTYPES else size
        if self.position != end or size != wanted:
            raise self.damaged(f"{size:,} bytes for an array {list(shape)} of {dtype}")
        return StoredArray(shape, dtype, partial(self.view, start, shape, dtype))

    def view(self, start: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        return np.frombuffer(self.data, DTYPES[dtype], math.prod(shape), start).reshape(shape)

    def expect_number(self) -> int:
        kind, value = self.head()
        if kind != "int":
            raise self.damaged(f"a {kind} where a number should be")
        return value

    def walk(self, name: Name = ()) -> None:
        """One value and all below it."""
        self.nodes += 1
        if len(name) > MAX_DEPTH or self.nodes > MAX_NODES:
            raise self.damaged(f"more than {MAX_DEPTH} levels or {MAX_NODES:,} values")
        if name in self.found or name in self.numbers:
            raise self.damaged(f"{'/'.join(name)} stands there twice")
        kind, length = self.head()
        if kind == "map":
            for _ in range(length):
                self.walk((*name, self.text()))
        elif kind == "ext" and name:
            self.found[name] = self.array(length)
        elif kind == "int" and name:
            self.numbers[name] = length
        else:
            raise self.damaged(f"a {kind} where arrays should be")

    def join_chunks(self) -> None:
        """Put the parts of each big array together, in `found`."""
        for *head, last in [name for name in self.numbers if name[-1] == CHUNKED]:
            whole = tuple(head)
            del self.numbers[(*whole, last)]
            sizes = self.pop_list(self.numbers, (*whole, "shape"))
            parts = self.pop_list(self.found, (*whole, "chunks"))
            dtypes = {part.dtype for part in parts}
            if math.prod(sizes) != sum(math.prod(p.shape) for p in parts) or len(dtypes) != 1:
                raise self.damaged(f"chunks that do not make one array {sizes} of one dtype")
            self.found[whole] = StoredArray(
                tuple(sizes), dtypes.pop(), partial(concatenate, parts, sizes)
            )

    @staticmethod
    def pop_list(values: dict, name: Name) -> list:
        """The values called name/0, name/1, ..., taken out."""
        indices = takewhile(lambda i: (*name, str(i)) in values, count())
        return [values.pop((*name, str(i))) for i in indices]


def concatenate(parts: list[StoredArray], shape: list[int]) -> np.ndarray:
    return np.concatenate([part.read() for part in parts]).reshape(shape)


def list_msgpack(path: Path) -> tuple[dict[Name, StoredArray], str]:
    """The arrays of a file by name, and its fault ("" if none)."""
    with path.open("rb") as file:
        walker = HeaderWalker(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    try:
        walker.walk()
        walker.join_chunks()
        if walker.numbers:
            raise walker.damaged(f"{'/'.join(min(walker.numbers))} is a number")
        if walker.position != len(walker.data):
            raise walker.damaged(f"{len(walker.data) - walker.position:,} bytes too many")
    except CheckpointError as error:
        return walker.found, str(error)
    return walker.found, ""
