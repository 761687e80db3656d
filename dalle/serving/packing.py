"""All pictures of a result in one file: a zip, or a sheet with the prompt underneath."""

import io
import zipfile

from dalle.serving.results import Kept
from dalle.serving.tiles import file_name, slug

# The earliest that a zip can tell: the same result, the same file.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def pack_zip(kept: Kept) -> bytes:
    """The kept pictures, best first, each as it is downloaded alone, and the sheet."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for place, picture in enumerate(kept.result.pictures, start=1):
            entry = zipfile.ZipInfo(f"{place}-{file_name(picture)}", ZIP_EPOCH)
            archive.writestr(entry, kept.png(picture))
        archive.writestr(zipfile.ZipInfo("sheet.png", ZIP_EPOCH), pack_sheet(kept))
    return packed.getvalue()


def pack_sheet(kept: Kept) -> bytes:
    """The sheet's PNG file."""
    return kept.result.sheet_png(keep_prompt=kept.keep_prompt)


def pack_name(kept: Kept) -> str:
    """What the files are called, without an ending."""
    return f"{slug(kept.result.prompt)}-seed{kept.result.seed}"
