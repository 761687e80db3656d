"""Opens a stranger's picture: bounded before anything is decoded, known by its first bytes."""

import io
from pathlib import Path

from PIL import Image

from dalle.errors import DalleError

MAX_MEGABYTES = 2
MAX_PIXELS = 4_000_000
LONGEST_SIDES = 8  # times the shorter one
# Of a JPEG. Each is decoded over the whole picture; a progressive file of libjpeg has 10.
MAX_SCANS = 64
START_OF_SCAN = b"\xff\xda"  # two bytes that never stand in the coded pixels


def allowed(megabytes: int = MAX_MEGABYTES) -> str:
    """The allowed files, in words."""
    return f"a PNG, JPEG or WebP picture of at most {megabytes} MB and 4 megapixels"


def read_picture_file(path: str | Path) -> bytes:
    """The content of a file, of a too large one its beginning; DalleError where it can't be read.

    The beginning is long enough for `open_bounded` to refuse it.
    """
    path = Path(path)
    if not path.is_file():
        raise DalleError(f"{path} is no file on this machine; name {allowed()}.")
    try:
        with path.open("rb") as file:
            return file.read(MAX_MEGABYTES * 2**20 + 1)
    except OSError as error:
        raise DalleError(
            f"{path} cannot be read ({error.strerror}); check its permissions."
        ) from error


def open_bounded(content: bytes, megabytes: int = MAX_MEGABYTES) -> Image.Image:
    """A decoded picture; DalleError where it is beyond the limits, before it takes memory or time.

    A server calls `dalle.safety.file_decoder.decode` instead, which can also be ended.
    """
    kind = _check_file(content, megabytes)
    try:
        image = Image.open(io.BytesIO(content), formats=[kind])  # the header alone
        _check_sides(image, megabytes)
        image.load()  # text may stand behind the pixels
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DalleError(
            f"The picture has far too many pixels; give {allowed(megabytes)}."
        ) from error
    except (DalleError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise errors of any kind
        raise DalleError(f"The file is cut or damaged; give {allowed(megabytes)}.") from error
    return image


def _check_file(content: bytes, megabytes: int) -> str:
    """The format that Pillow is to read; DalleError where the bytes alone tell that it may not."""
    most = megabytes * 2**20
    if len(content) > most:
        raise DalleError(f"The file has more than {most:,} bytes; give {allowed(megabytes)}.")
    kind = kind_of(content)
    if kind is None:
        raise DalleError(
            f"The file's first bytes are of no known picture; give {allowed(megabytes)}."
        )
    scans = content.count(START_OF_SCAN) if kind == "JPEG" else 0
    if scans > MAX_SCANS:
        raise DalleError(
            f"The JPEG file has {scans} scans, and at most {MAX_SCANS} are decoded; save it anew."
        )
    return kind


def _check_sides(image: Image.Image, megabytes: int) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise DalleError(f"The picture has {width} x {height} pixels; give {allowed(megabytes)}.")
    if max(width, height) > LONGEST_SIDES * min(width, height):
        raise DalleError(
            f"The picture has {width} x {height} pixels; the longer side may be at most "
            f"{LONGEST_SIDES} times the shorter one, so crop it."
        )


def kind_of(content: bytes) -> str | None:
    """Pillow's name of the format that the first bytes tell."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    return "WEBP" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None
