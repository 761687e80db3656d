"""A picture to go on with: its pixels at the model's size, and the codes of a square of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from dalle.errors import DalleError
from dalle.generation.editing.change import FOREIGN
from dalle.generation.editing.grid import Grid
from dalle.generation.result import Picture
from dalle.models.image_tokenizer import ImageTokenizer
from dalle.safety.pictures.checker import NOT_CHECKED, Verdict
from dalle.safety.pictures.concepts import add_concepts
from dalle.safety.plain_image import as_plain
from dalle.safety.provenance.marker import RECIPE_CHUNK, parse_recipe
from dalle.settings import SettingsError

if TYPE_CHECKING:
    from dalle.generation.pipeline import Pipeline

SMALLEST = 16  # pixels a side
SAME = 4.0  # of 255: the mean difference that the invisible mark and rounding may make


@dataclass(frozen=True, eq=False)
class Original:
    """A picture that is changed. The shorter side is the model's; cells fit into both sides."""

    pixels: np.ndarray  # [H, W, 3] uint8
    recipe: Mapping[str, Any] | None = None  # None: a foreign picture
    codes: np.ndarray | None = None  # [T] int32, of the square at `place`, where they are known
    place: tuple[int, int] = (0, 0)  # top and left
    notes: list[str] = field(default_factory=list)
    verdict: Verdict = NOT_CHECKED

    @property
    def source(self) -> Mapping[str, Any] | str:
        """Its entry in a recipe."""
        return FOREIGN if self.recipe is None else self.recipe

    @property
    def prompt(self) -> str:
        return "" if self.recipe is None else self.recipe.get("prompt", "")

    def codes_at(self, pipeline: "Pipeline", top: int, left: int) -> np.ndarray:
        """The codes [T] of the square there; the image encoder reads them if they are not known."""
        if self.codes is not None and self.place == (top, left):
            return self.codes
        side = Grid.of(pipeline.image_tokenizer).resolution
        square = self.pixels[top : top + side, left : left + side]
        codes, shown = pipeline.read(square)
        self.notes.append(tell_error(shown, square))
        return codes


def tell_error(shown: np.ndarray, square: np.ndarray) -> str:
    """A sentence about how well the model reads a picture."""
    error = np.abs(shown.astype(np.float32) - square).mean()
    return (
        f"The model reads the picture roughly: its own version differs by {error:.0f} of 255 "
        "in the mean."
    )


@dataclass(frozen=True, eq=False)
class Source:
    """A picture as it is, with its recipe where this model drew it, and its verdict."""

    image: Image.Image
    recipe: Mapping[str, Any] | None
    verdict: Verdict


def check_picture(picture: Any) -> None:
    """SettingsError for anything but a picture of a result or a PIL image."""
    if not isinstance(picture, Picture | Image.Image):
        raise SettingsError(
            f"The picture is of type {type(picture).__name__}; give one of a result, or a PIL "
            "image."
        )


def open_original(pipeline: "Pipeline", picture: Picture | Image.Image) -> Original:
    """A picture of ours with its codes, drawn again if need be; any other one as it looks.

    An enlarged one is as large as the model's again. DalleError where a picture can't be used, or
    the picture check hides it.
    """
    found = _of_ours(pipeline, picture)
    if found is None:
        return foreign(pipeline, _plain(picture))
    if min(found.pixels.shape[:2]) == Grid.of(pipeline.image_tokenizer).resolution:
        return found
    pixels = _fit(pipeline, Image.fromarray(found.pixels))
    return replace(found, pixels=pixels, codes=None, place=(0, 0))


def open_as_it_is(pipeline: "Pipeline", picture: Picture | Image.Image) -> Source:
    """A picture in its own size, without the invisible mark where it can be drawn again."""
    if isinstance(picture, Picture):
        _require_shown(picture.verdict)
        return Source(picture.image, picture.recipe, picture.verdict)
    found = _of_ours(pipeline, picture)
    if found:
        return Source(Image.fromarray(found.pixels), found.recipe, found.verdict)
    image = _plain(picture)
    _require_size(image)
    return Source(image, None, _check(pipeline, image))


def _of_ours(pipeline: "Pipeline", picture: Picture | Image.Image) -> Original | None:
    """A picture with its codes, where this model drew it."""
    if not isinstance(picture, Picture):
        recipe = parse_recipe(picture.info.get(RECIPE_CHUNK))
        return _generate_again(pipeline, recipe or {}, _plain(picture))
    _require_shown(picture.verdict)
    if not picture.codes:
        return _generate_again(pipeline, picture.recipe, picture.image)
    codes, pixels = np.array(picture.codes, np.int32), np.asarray(picture.image)
    return Original(pixels, picture.recipe, codes, picture.place, verdict=picture.verdict)


def _plain(picture: Picture | Image.Image) -> Image.Image:
    return picture.image if isinstance(picture, Picture) else as_plain(picture)


def foreign(pipeline: "Pipeline", image: Image.Image) -> Original:
    """A picture that the model did not draw, as large as its square; nothing of its file stays."""
    _require_size(image)
    pixels = _fit(pipeline, image)
    return Original(pixels, verdict=_check(pipeline, Image.fromarray(pixels)))


def _fit(pipeline: "Pipeline", image: Image.Image) -> np.ndarray:
    """[H, W, 3] uint8: the shorter side is the model's, and cells fit into both."""
    grid = Grid.of(pipeline.image_tokenizer)
    scale = grid.side / min(image.size)  # cells a pixel
    size = tuple(grid.cell * max(grid.side, round(scale * length)) for length in image.size)
    return np.asarray(image.convert("RGB").resize(size, Image.Resampling.LANCZOS))


def middle_square(pixels: np.ndarray, grid: Grid) -> tuple[int, int]:
    """Top and left of the square in the middle, at whole cells."""
    height, width, _ = pixels.shape
    top, left = ((x - grid.resolution) // 2 // grid.cell * grid.cell for x in (height, width))
    return top, left


def _require_size(image: Image.Image) -> None:
    if min(image.size) < SMALLEST:
        raise SettingsError(
            f"The picture has {image.width} x {image.height} pixels; give one of at least "
            f"{SMALLEST} pixels a side."
        )


def _check(pipeline: "Pipeline", image: Image.Image) -> Verdict:
    """The verdict on a stranger's picture; DalleError where it is to be hidden."""
    (verdict,) = pipeline.checker.check(np.asarray(image)[None])
    if pipeline.concepts and pipeline.checker.policy != "off":
        compared = pipeline.scorer.of([image], "")
        (cosines,) = pipeline.scorer.cosines(compared[:, 1:])
        verdict = add_concepts(verdict, cosines)
    _require_shown(verdict)
    return verdict


def read_codes(tokenizer: ImageTokenizer, square: np.ndarray) -> np.ndarray:
    """The image encoder's codes of a square, [h, w, 3] uint8 -> [T] int32."""
    side = tokenizer.config.resolution  # of the encoder's pictures
    image = Image.fromarray(square)
    if image.size != (side, side):
        image = image.resize((side, side), Image.Resampling.BICUBIC)
    pixels = np.asarray(image, np.float32)[None] / 255
    return np.asarray(tokenizer.encode(pixels), np.int32)[0]


def _require_shown(verdict: Verdict) -> None:
    if verdict.check == "hide":
        raise DalleError(f"This picture can't be used. {verdict.reason} Take another one.")


def _generate_again(
    pipeline: "Pipeline", recipe: Mapping[str, Any], image: Image.Image
) -> Original | None:
    """The picture of a recipe, where this model draws it and it looks the same as the given one."""
    picture = pipeline.regenerate(recipe)
    if picture is None or picture.image.size != image.size:
        return None
    pixels = np.asarray(picture.image)
    if np.abs(pixels.astype(np.float32) - np.asarray(image.convert("RGB"))).mean() > SAME:
        return None
    codes = np.array(picture.codes, np.int32) if picture.codes else None
    return Original(pixels, picture.recipe, codes, picture.place, verdict=picture.verdict)
