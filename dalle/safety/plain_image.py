"""Strangers' pictures to go on with: upright, opaque, 8 bits a channel, and one picture alone."""

from PIL import ExifTags, Image

from dalle.errors import DalleError
from dalle.safety.open_image import LONGEST_SIDES, MAX_PIXELS

FACT = "picture-"  # before the names of facts, so that no text of a file is taken for one
TRANSPARENT = f"{FACT}transparent"
COLOURS = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "La"}
# Pillow's operation for each EXIF orientation; the others need nothing.
UPRIGHT = {
    "2": Image.Transpose.FLIP_LEFT_RIGHT,
    "3": Image.Transpose.ROTATE_180,
    "4": Image.Transpose.FLIP_TOP_BOTTOM,
    "5": Image.Transpose.TRANSPOSE,
    "6": Image.Transpose.ROTATE_270,
    "7": Image.Transpose.TRANSVERSE,
    "8": Image.Transpose.ROTATE_90,
}
ADVICE = "save it as a usual PNG or JPEG picture"


def facts_of(image: Image.Image) -> dict[str, str]:
    """The facts of a decoded picture that `as_plain` needs and RGB pixels do not tell."""
    transparent = image.has_transparency_data and image.convert("RGBA").getextrema()[3][0] < 255
    return {
        f"{FACT}mode": image.mode,
        f"{FACT}frames": str(getattr(image, "n_frames", 1)),
        TRANSPARENT: str(bool(transparent)),
        f"{FACT}orientation": _orientation(image),
    }


def as_plain(image: Image.Image) -> Image.Image:
    """The picture upright, in RGB, without any note of its file.

    It may come from the decoder, which kept the facts. DalleError for an animated or transparent
    picture, for one of other colours than RGB or grey, and for one beyond the limits.
    """
    if image.width * image.height > MAX_PIXELS:
        raise DalleError(
            f"The picture has {image.width} x {image.height} pixels; give one of at most "
            f"{MAX_PIXELS:,}."
        )
    if max(image.size) > LONGEST_SIDES * min(image.size):
        raise DalleError(
            f"The picture has {image.width} x {image.height} pixels; the longer side may be at "
            f"most {LONGEST_SIDES} times the shorter one, so crop it."
        )
    facts = image.info if f"{FACT}mode" in image.info else facts_of(image)
    mode, frames = facts[f"{FACT}mode"], facts[f"{FACT}frames"]
    if frames != "1":
        raise DalleError(f"The picture is animated, with {frames} frames; give a single one.")
    if mode not in COLOURS:
        raise DalleError(
            f"The picture's pixels are of the kind {mode}, not 8-bit RGB or grey; {ADVICE}."
        )
    if facts[TRANSPARENT] == "True":
        raise DalleError(f"The picture is transparent in places; fill them, then {ADVICE}.")
    plain = image.convert("RGB")
    turned = UPRIGHT.get(facts[f"{FACT}orientation"])
    if turned is not None:
        plain = plain.transpose(turned)
    return Image.frombytes("RGB", plain.size, plain.tobytes())


def _orientation(image: Image.Image) -> str:
    try:
        return str(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Pillow raises errors of any kind; notes that can't be read say nothing
        return "1"
