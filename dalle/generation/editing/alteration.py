"""A wish for a picture: one object for the pipeline, the queue and the result cache."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from dalle.generation.editing.change import Change
from dalle.generation.editing.edit import edit
from dalle.generation.editing.enlarge import check_times, enlarge, slots_of
from dalle.generation.editing.extend import check_side, extend
from dalle.generation.editing.grid import mask_pixels
from dalle.generation.editing.original import Original, check_picture
from dalle.generation.editing.read import read_back
from dalle.generation.editing.tile import tile
from dalle.generation.editing.vary import check_strength, vary
from dalle.generation.result import Picture, Result
from dalle.settings import GenerationSettings, SettingsError

if TYPE_CHECKING:
    from dalle.generation.pipeline import Pipeline


@dataclass(frozen=True, eq=False)
class Alteration(ABC):
    """A picture, of a result or any PIL image, and the wish for it.

    SettingsError at once for an impossible one; the model finds other faults later.
    """

    picture: Picture | Image.Image

    def __post_init__(self) -> None:
        check_picture(self.picture)

    @property
    def image(self) -> Image.Image:
        return self.picture.image if isinstance(self.picture, Picture) else self.picture

    @property
    def pixels(self) -> int:
        """How many pixels are held until it is done."""
        return self.image.width * self.image.height

    @property
    def key(self) -> str:
        """The same text for the same picture and the same wishes."""
        known = self.picture
        told = [known.recipe, known.codes, known.place] if isinstance(known, Picture) else []
        told += [type(self).__name__, self.wishes(), self.image.mode, self.image.size]
        told += [{name: str(note) for name, note in self.image.info.items()}]
        text = json.dumps(told, sort_keys=True)
        return hashlib.sha256(text.encode() + self.image.tobytes()).hexdigest()

    def wishes(self) -> list[Any]:
        """The wishes beside the picture, as JSON can hold them."""
        return []


class Resampled(Alteration):
    """An alteration that the model draws, in candidates that are ranked."""

    @abstractmethod
    def change(
        self, pipeline: "Pipeline", original: Original, settings: GenerationSettings
    ) -> Change:
        """The kept codes of each candidate."""


class Immediate(Alteration):
    """An alteration of which there is one answer, and nothing to sample."""

    @property
    def slots(self) -> int:
        """The slots of a batch that take as long."""
        return 1

    @abstractmethod
    def steps(self, pipeline: "Pipeline") -> Iterator[Result | None]:
        """The result, of one picture, and None before it after the work of a slot."""

    def answer(self, pipeline: "Pipeline") -> Result:
        """The result at once."""
        *_, result = self.steps(pipeline)
        return result


@dataclass(frozen=True, eq=False)
class Vary(Resampled):
    """Variations; `strength`, above 0 to 1, is the share that is drawn anew."""

    strength: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "strength", check_strength(self.strength))

    def wishes(self) -> list[Any]:
        return [self.strength]

    def change(
        self, pipeline: "Pipeline", original: Original, settings: GenerationSettings
    ) -> Change:
        return vary(pipeline, original, settings, self.strength)


@dataclass(frozen=True, eq=False)
class Edit(Resampled):
    """Draws the covered part anew; white, or True, means redraw."""

    mask: Image.Image | np.ndarray

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "mask", mask_pixels(self.mask))

    def wishes(self) -> list[Any]:
        return [self.mask.shape, hashlib.sha256(np.packbits(self.mask).tobytes()).hexdigest()]

    def change(
        self, pipeline: "Pipeline", original: Original, settings: GenerationSettings
    ) -> Change:
        return edit(pipeline, original, settings, self.mask)


@dataclass(frozen=True, eq=False)
class Extend(Resampled):
    """Half a square more at the "left", "right", "up" or "down"."""

    side: str

    def __post_init__(self) -> None:
        super().__post_init__()
        check_side(self.side)

    def wishes(self) -> list[Any]:
        return [self.side]

    def change(
        self, pipeline: "Pipeline", original: Original, settings: GenerationSettings
    ) -> Change:
        return extend(pipeline, original, settings, self.side)


class Tile(Resampled):
    """A tile that repeats without a border."""

    def change(
        self, pipeline: "Pipeline", original: Original, settings: GenerationSettings
    ) -> Change:
        return tile(pipeline, original, settings)


@dataclass(frozen=True, eq=False)
class Enlarge(Immediate):
    """The picture 2 or 4 `times` as large."""

    times: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "times", check_times(self.times, self.image))

    def wishes(self) -> list[Any]:
        return [self.times]

    @property
    def slots(self) -> int:
        return slots_of(self.times, self.image)

    def steps(self, pipeline: "Pipeline") -> Iterator[Result | None]:
        return enlarge(pipeline, self.picture, self.times)


class Read(Immediate):
    """The picture as the model's image encoder reads it."""

    def steps(self, pipeline: "Pipeline") -> Iterator[Result | None]:
        yield read_back(pipeline, self.picture)


KINDS: Mapping[str, type[Alteration]] = {
    "vary": Vary, "edit": Edit, "extend": Extend, "tile": Tile, "enlarge": Enlarge
}  # fmt: skip
WISHES: Mapping[str, str] = {"vary": "strength", "extend": "side", "enlarge": "times"}
MOST_CELLS = 4096  # of a mask in a recipe


def alteration_of(edit: Any, picture: Picture | Image.Image) -> Alteration:
    """The alteration that a recipe's `edit` tells; SettingsError where it tells none."""
    kind = str(edit.get("kind")) if isinstance(edit, Mapping) else ""
    if kind == "edit":
        return Edit(picture, _mask_of(edit))
    if kind == "tile":
        return Tile(picture)
    if kind not in WISHES or WISHES[kind] not in edit:
        raise SettingsError("The recipe tells of a change that is not known here.")
    return KINDS[kind](picture, edit[WISHES[kind]])


def _mask_of(edit: Mapping[str, Any]) -> np.ndarray:
    """[rows, columns] bool."""
    try:
        rows, columns = map(int, edit["grid"])
        cells = np.array(edit["cells"], np.int64)
        sound = cells.ndim == 1 and ((cells >= 0) & (cells < rows * columns)).all()
        if not 0 < rows * columns <= MOST_CELLS or not sound:
            raise ValueError(rows, columns)
        mask = np.zeros(rows * columns, bool)
        mask[cells] = True
        return mask.reshape(rows, columns)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise SettingsError("The recipe tells of a mask that can't be read.") from error
