"""A stranger's picture to go on with, opened within limits and made as small as it is needed."""

from dataclasses import dataclass

from PIL import Image

from dalle.safety.file_decoder import decode, decode_mask
from dalle.safety.open_image import MAX_MEGABYTES
from dalle.safety.plain_image import TRANSPARENT, as_plain

SHORTER_SIDE = 512  # pixels that are kept of it; a model draws 256 to 384


@dataclass(frozen=True)
class ForeignImage:
    """A picture, upright and RGB, with the notes of its file that tell where it comes from."""

    image: Image.Image
    mask: Image.Image | None  # of its transparent parts, in white; None where there are none


def open_foreign(
    content: bytes,
    megabytes: int = MAX_MEGABYTES,
    *,
    whole: bool = False,
    transparent: bool = False,
) -> ForeignImage:
    """The picture in a file; DalleError for an unusable file.

    It is made smaller unless the `whole` of it is needed. One that is `transparent` in places is
    refused, or its mask is read.
    """
    image, mask = decode(content, megabytes), None
    if transparent and image.info[TRANSPARENT] == "True":
        mask = decode_mask(content, megabytes)
        image.info[TRANSPARENT] = "False"
    plain = as_plain(image)
    side = min(plain.size)
    if whole or side <= SHORTER_SIDE:
        return ForeignImage(image, mask)
    size = tuple(round(SHORTER_SIDE * length / side) for length in plain.size)
    return ForeignImage(plain.resize(size, Image.Resampling.LANCZOS), mask)
