"""Opens a stranger's picture: bounded before anything is decoded, known by its first bytes."""

import io

from PIL import Image

from dalle.errors import DalleError

MAX_MEGABYTES = 2
MAX_PIXELS = 4_000_000


def allowed(megabytes: int = MAX_MEGABYTES) -> str:
    """What may be given, in words."""
    return f"a PNG, JPEG or WebP picture of at most {megabytes} MB and 4 megapixels"


def open_bounded(content: bytes, megabytes: int = MAX_MEGABYTES) -> Image.Image:
    """A decoded picture; DalleError where it is beyond the limits, before it takes memory."""
    most = megabytes * 2**20
    if len(content) > most:
        raise DalleError(f"The file has more than {most:,} bytes; give {allowed(megabytes)}.")
    kind = kind_of(content)
    if kind is None:
        raise DalleError(
            f"The file's first bytes are of no known picture; give {allowed(megabytes)}."
        )
    try:
        image = Image.open(io.BytesIO(content), formats=[kind])  # the header alone
        if image.width * image.height > MAX_PIXELS:
            raise DalleError(
                f"The picture has {image.width} x {image.height} pixels; give {allowed(megabytes)}."
            )
        image.load()  # text may stand behind the pixels
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DalleError(
            f"The picture has far too many pixels; give {allowed(megabytes)}."
        ) from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise DalleError(f"The file is cut or damaged; give {allowed(megabytes)}.") from error
    return image


def kind_of(content: bytes) -> str | None:
    """Pillow's name of the format that the first bytes tell."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    return "WEBP" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None
