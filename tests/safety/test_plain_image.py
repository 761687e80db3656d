"""Which pictures of strangers can be gone on with, and what of their files stays."""

import io

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from dalle.errors import DalleError
from dalle.safety.file_decoder import decode
from dalle.safety.plain_image import as_plain
from tests.fakes.pictures import encode


def image_of(mode: str = "RGB", size: tuple[int, int] = (24, 16)) -> Image.Image:
    values = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(values).convert(mode)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_upright_and_its_notes_are_gone(orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Artist] = "somebody"
    content = encode(image_of(), exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    for image in (decode(content), Image.open(io.BytesIO(content))):
        plain = as_plain(image)
        assert plain.tobytes() == expected.tobytes()
        assert plain.info == {}
        assert dict(plain.getexif()) == {}


@pytest.mark.parametrize(
    ("image", "kind", "sentence"),
    [
        (
            image_of("CMYK"),
            "JPEG",
            "of the kind CMYK, not 8-bit RGB or grey; save it as a usual",
        ),
        (Image.new("I;16", (20, 20), 9), "PNG", "of the kind I;16, not 8-bit"),
        (Image.new("RGBA", (20, 20), (1, 2, 3, 4)), "PNG", "transparent in places; fill them"),
        (Image.new("RGB", (200, 20)), "PNG", "8 times the shorter one, so crop it"),
    ],
)
def test_other_kinds_are_refused_by_a_sentence(
    image: Image.Image, kind: str, sentence: str
) -> None:
    content = encode(image, kind)
    with pytest.raises(DalleError, match=sentence):
        as_plain(decode(content))
    with pytest.raises(DalleError, match=sentence):
        as_plain(Image.open(io.BytesIO(content)))


def test_an_animated_picture_is_refused() -> None:
    content = encode(image_of(), "WEBP", save_all=True, append_images=[Image.new("RGB", (24, 16))])
    for image in (decode(content), Image.open(io.BytesIO(content))):
        with pytest.raises(DalleError, match="animated, with 2 frames; give a single one"):
            as_plain(image)


def test_forty_megapixels_are_refused() -> None:
    with pytest.raises(DalleError, match="8000 x 5000 pixels; give one of at most 4,000,000"):
        as_plain(Image.new("1", (8000, 5000)))


@pytest.mark.parametrize("mode", ["L", "P", "1", "RGBA", "LA"])
def test_opaque_pictures_of_usual_kinds_are_rgb(mode: str) -> None:
    image = image_of(mode)
    assert as_plain(image).mode == "RGB"
    assert as_plain(image).tobytes() == image.convert("RGB").tobytes()
