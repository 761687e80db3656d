"""The methods of a pipeline that go on with a picture: vary, edit, extend, enlarge, tile."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from dalle.generation.editing.alteration import Edit, Enlarge, Extend, Resampled, Tile, Vary
from dalle.generation.editing.grid import Grid
from dalle.generation.editing.interrogate import Interrogation, interrogate
from dalle.generation.editing.original import open_original, read_codes
from dalle.generation.editing.regenerate import regenerate
from dalle.generation.result import Picture, Preview, Result
from dalle.generation.run import Run
from dalle.models.image_tokenizer import ImageTokenizer
from dalle.models.sharding import everywhere
from dalle.settings import GenerationSettings


class EditingMethods:
    """A Pipeline's changes of a picture, by the steps that it generates one with."""

    def vary(
        self, picture: Picture | Image.Image, strength: float = 0.5, prompt: str = "", **knobs: Any
    ) -> Result:
        """Variations: `strength`, above 0 to 1, is the share of a picture that is drawn anew.

        The picture is one of a result or any PIL image, of which the model reads the middle square.
        Without a prompt it is that of the picture, or none. Knobs and errors as `generate`,
        DalleError too where the picture can't be used; so do `edit`, `extend` and `tile`.
        """
        return self.alter(Vary(picture, strength), prompt, **knobs)

    def edit(
        self,
        picture: Picture | Image.Image,
        mask: Image.Image | np.ndarray,
        prompt: str = "",
        **knobs: Any,
    ) -> Result:
        """Draws what the mask covers anew; a mask of any size, white where to redraw.

        Whole cells are redrawn; every pixel outside of them stays.
        """
        return self.alter(Edit(picture, mask), prompt, **knobs)

    def extend(
        self, picture: Picture | Image.Image, side: str, prompt: str = "", **knobs: Any
    ) -> Result:
        """Larger pictures: half a square more at the "left", "right", "up" or "down"."""
        return self.alter(Extend(picture, side), prompt, **knobs)

    def enlarge(self, picture: Picture | Image.Image, times: int = 2) -> Result:
        """A result of one picture, 2 or 4 `times` as large; nothing is drawn anew."""
        return Enlarge(picture, times).answer(self)

    def interrogate(self, picture: Picture | Image.Image) -> Interrogation:
        """The things, the ground and the look that the model finds, as a prompt to start from."""
        return interrogate(self, picture)

    def tile(self, prompt: str, **knobs: Any) -> Result:
        """Pictures that repeat without a border, made of the best one of `generate`."""
        first = self.generate(prompt, **knobs)
        return self.alter(Tile(first.pictures[0]), prompt, **knobs | {"seed": first.seed})

    def stream_altered(
        self,
        alteration: Resampled,
        prompt: str = "",
        cancelled: Callable[[], bool] = lambda: False,
        **knobs: Any,
    ) -> Iterator[Preview | Result]:
        """As `stream`, for an alteration of a picture."""
        run = self._begin_altered(alteration, prompt, knobs)
        return self._frames_of(run, previews=True, cancelled=cancelled)

    def begin_alteration(
        self, alteration: Resampled, prompt: str, settings: GenerationSettings
    ) -> Run:
        """Opens the picture and reads the prompt that was checked, or else the picture's own.

        Errors as `vary`.
        """
        original = open_original(self, alteration.picture)
        if not prompt.strip():
            prompt = original.prompt
            # It may come from a stranger's file.
            self.check(prompt, promptless=True, seed=settings.seed)
        change = alteration.change(self, original, settings)
        if prompt != original.prompt and change.like is None:
            grid = Grid.of(self.image_tokenizer)
            change = change.leave_gap(settings.candidate_numbers, grid, self.image_tokenizer.layout)
        return self.begin(prompt, settings, change)

    def regenerate(self, recipe: Mapping[str, Any]) -> Picture | None:
        """The picture of a recipe and of those that it came from; None where it can't be drawn."""
        return regenerate(self, recipe)

    def alter(
        self, alteration: Resampled, prompt: str = "", *, progress: bool = False, **knobs: Any
    ) -> Result:
        """As `generate`, for an alteration of a picture; `vary` and the others are such."""
        run = self._begin_altered(alteration, prompt, knobs)
        return self._last(self._frames_of(run, previews=progress), progress)

    def _begin_altered(self, alteration: Resampled, prompt: str, knobs: Mapping[str, Any]) -> Run:
        settings = self.check(prompt, promptless=True, **knobs)  # before the picture is read
        return self.begin_alteration(alteration, prompt, settings)

    def read(self, square: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The codes [T] of a picture [h, w, 3] uint8 of the model's size, and their picture."""
        codes = read_codes(self._picture_reader, square)
        codes = np.minimum(codes, self.known_codes - 1)
        (shown,) = self._decode(codes[None])
        return codes, shown

    @cached_property
    def _picture_reader(self) -> ImageTokenizer:
        """The image tokenizer with its encoder, loaded when a picture is read first."""
        if self.load_reader is None:
            return self.image_tokenizer
        loaded = self.load_reader()
        # The decoder's parameters are there already, and stay there once.
        params = everywhere(loaded.params) | self.image_tokenizer.params
        return dataclasses.replace(loaded, params=params)
