"""Batches of (pictures, captions), addressed by number so that training resumes exactly."""

import functools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from dalle.errors import DalleError
from dalle.training.clock import Clock
from dalle.training.scenes.composer import SceneComposer
from dalle.training.scenes.sprites import SpriteLibrary


class Example(Protocol):
    """A captioned picture, and the layers that it is made of."""

    caption: str
    image: np.ndarray  # uint8 [H, W, 3]
    foreground: np.ndarray  # the things alone, uint8 [H, W, 4]
    header: tuple[int, int, int, int]  # look, style, tint and ground, as codes


@dataclass(frozen=True)
class Batch:
    """Examples as arrays."""

    examples: list[Example]

    @cached_property
    def pictures(self) -> np.ndarray:
        """uint8 [B, H, W, 3]."""
        return np.stack([example.image for example in self.examples])

    @cached_property
    def foregrounds(self) -> np.ndarray:
        """uint8 [B, H, W, 4]."""
        return np.stack([example.foreground for example in self.examples])

    @property
    def headers(self) -> np.ndarray:
        """int32 [B, 4]."""
        return np.array([example.header for example in self.examples], np.int32)

    @property
    def captions(self) -> list[str]:
        return [example.caption for example in self.examples]

    @property
    def plain(self) -> list[str]:
        """The captions in the plain grammar; of scenes only."""
        return [example.plain for example in self.examples]


SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")


@dataclass(frozen=True)
class Lesson:
    """The data and the length of a training."""

    batches: Callable[[int], Iterator[Batch]]  # from a step on
    held_out: Batch  # never trained on
    steps: int  # in all
    batch_size: int
    peak: float  # of the learning rate
    cooldown: float  # part of the steps, or of the minutes, in which the rate falls
    seed: int = 0
    minutes: float | None = None  # instead of the steps
    watched: dict[str, Batch] = field(default_factory=dict)  # others never trained on, by name

    def clock(self, spent: float) -> Clock | None:
        """The clock of the run, `spent` seconds of which are over; None by steps."""
        return Clock(self.minutes, self.cooldown, spent) if self.minutes else None


class Examples(Protocol):
    """Anything that gives the same batch for the same number."""

    def batch(self, index: int, size: int) -> Batch: ...


class SceneExamples:
    """Composed scenes, from number index * size onwards; another seed gives held-out ones.

    `drawn` composes the pictures at once, in the thread that asks, and not when they are looked at.
    """

    def __init__(self, library: SpriteLibrary, stage: str, seed: int = 0, composed: bool = False):
        self._composer = SceneComposer(library, stage, seed)
        self._composed = composed

    def batch(self, index: int, size: int) -> Batch:
        batch = Batch([self._composer.compose(index * size + row) for row in range(size)])
        if self._composed:
            _ = batch.pictures  # cached
        return batch


@dataclass(frozen=True)
class OpaquePicture:
    """A picture from a file: all of it is foreground, and nothing is said about the whole."""

    image: np.ndarray
    caption: str
    header = (0, 0, 0, 0)

    @property
    def foreground(self) -> np.ndarray:
        opaque = np.full((*self.image.shape[:2], 1), 255, np.uint8)
        return np.concatenate([self.image, opaque], -1)


class FolderExamples:
    """Pictures with captions from a folder, in a new fixed order each time through.

    A caption is the picture's same-named .txt file, or its `text` in metadata.jsonl, whose
    `file_name` is relative to the folder (the Hub's imagefolder layout).
    """

    def __init__(self, folder: Path | str, resolution: int = 192, seed: int = 0):
        self._resolution = resolution
        self._seed = seed
        self._pairs = read_folder(Path(folder))

    def __len__(self) -> int:
        return len(self._pairs)

    def batch(self, index: int, size: int) -> Batch:
        rows = [self._pairs[self._place(index * size + row)] for row in range(size)]
        return Batch(
            [OpaquePicture(read_picture(path, self._resolution), text) for path, text in rows]
        )

    def _place(self, number: int) -> int:
        epoch, row = divmod(number, len(self._pairs))
        return int(_order(self._seed, epoch, len(self._pairs))[row])


@functools.lru_cache(maxsize=2)  # a batch touches one time through the folder, or two
def _order(seed: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(count)


def read_folder(folder: Path) -> list[tuple[Path, str]]:
    """All (picture path, caption) pairs of a folder, sorted by path."""
    metadata = folder / "metadata.jsonl"
    if metadata.is_file():
        pairs = [_read_row(folder, number, line)
                 for number, line in enumerate(metadata.read_text("utf-8").splitlines(), 1)
                 if line.strip()]  # fmt: skip
    else:
        pictures = [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES]
        pairs = [(path, path.with_suffix(".txt").read_text("utf-8").strip())
                 for path in pictures if path.with_suffix(".txt").is_file()]  # fmt: skip
    if not pairs:
        raise DalleError(
            f"data folder is {folder}; it holds no picture with a caption; put a .txt file of the "
            'same name beside each picture, or a metadata.jsonl with "file_name" and "text"'
        )
    return sorted(pairs)


def _read_row(folder: Path, number: int, line: str) -> tuple[Path, str]:
    try:
        row = json.loads(line)
        path, caption = folder / row["file_name"], str(row["text"])
    except (ValueError, KeyError, TypeError) as error:
        raise DalleError(
            f"{folder / 'metadata.jsonl'} line {number} is {line[:80]!r}; each line must be JSON "
            'with "file_name" and "text"; correct or remove the line'
        ) from error
    if not path.is_file():
        raise DalleError(
            f"{folder / 'metadata.jsonl'} line {number} names {row['file_name']!r}; file_name must "
            "be a picture in that folder; add the picture or remove the line"
        )
    return path, caption


def read_picture(path: Path, resolution: int) -> np.ndarray:
    """The middle square of a picture on white, [resolution, resolution, 3] uint8."""
    try:
        with Image.open(path) as file:
            picture = file.convert("RGBA")
    except OSError as error:
        raise DalleError(
            f"{path} cannot be read as a picture; it must be one of {', '.join(SUFFIXES)}; "
            "replace or remove the file"
        ) from error
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    square = picture.resize((resolution, resolution), Image.Resampling.LANCZOS,
                            box=(left, top, left + side, top + side))  # fmt: skip
    page = Image.new("RGBA", square.size, "white")
    return np.asarray(Image.alpha_composite(page, square).convert("RGB"))


def prefetch(examples: Examples, start: int, size: int, depth: int = 4) -> Iterator[Batch]:
    """Yields batches start, start + 1, ... for ever, made ahead by one background thread."""
    with ThreadPoolExecutor(1, thread_name_prefix="examples") as worker:
        waiting = [worker.submit(examples.batch, start + ahead, size) for ahead in range(depth)]
        number = start + depth
        try:
            while True:
                batch = waiting.pop(0).result()
                waiting.append(worker.submit(examples.batch, number, size))
                number += 1
                yield batch
        finally:
            for future in waiting:
                future.cancel()
