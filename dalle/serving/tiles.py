"""Results as the browser gets them: JSON with the pictures inside, nothing left on a disk."""

import base64
import io
import math
import re
from collections.abc import Sequence
from typing import Any

from PIL import Image

from dalle.generation.pictures import SHEET_GAP, make_grid
from dalle.generation.result import Picture
from dalle.serving.links import write_query
from dalle.serving.results import Kept

SHOWN, BLURRED, HIDDEN = "show", "blur", "hide"
LONGEST_NAME = 60  # letters of the prompt in a file's name
PREVIEW_QUALITY = 80


def look_of(picture: Picture) -> tuple[str, str]:
    """How a picture is shown (SHOWN, BLURRED or HIDDEN), and why, in words for the visitor.

    The one place where a check of pictures decides about the page's tiles.
    """
    verdict = getattr(picture, "verdict", None)  # pictures that nobody checked have none
    return (verdict.check, verdict.reason) if verdict else (SHOWN, "")


def describe_tile(kept: Kept, picture: Picture, place: int) -> dict[str, Any]:
    """One picture: its file as a data URI, what it scored, and what remakes it."""
    look, reason = look_of(picture)
    prompt = picture.recipe["prompt"]
    return {
        "src": "" if look == HIDDEN else data_uri(kept.png(picture), "image/png"),
        "alt": f"{prompt}, drawn by AI, number {place}",
        "place": place,
        "score": f"{picture.score:.1f}" if math.isfinite(picture.score) else "none",
        "seed": picture.seed,
        "candidate": picture.candidate,
        "file": file_name(picture),
        "query": write_query(picture.recipe),
        "look": look,
        "reason": reason,
    }


def describe_kept(kept: Kept) -> list[dict[str, Any]]:
    """The best pictures, in their order."""
    return [describe_tile(kept, p, n) for n, p in enumerate(kept.result.pictures, start=1)]


def describe_rejected(kept: Kept) -> list[dict[str, Any]]:
    """The others, in their order, numbered on."""
    first = len(kept.result.pictures) + 1
    return [describe_tile(kept, p, n) for n, p in enumerate(kept.result.rejected, start=first)]


def file_name(picture: Picture) -> str:
    """Such as a-red-apple-seed42-no7.png."""
    return f"{slug(picture.recipe['prompt'])}-seed{picture.seed}-no{picture.candidate}.png"


def slug(prompt: str) -> str:
    """A prompt as a part of a file's name."""
    letters = re.sub(r"[^\w]+", "-", prompt.lower()).strip("-")
    return letters[:LONGEST_NAME].rstrip("-") or "picture"


def describe_preview(pictures: Sequence[Image.Image]) -> dict[str, Any]:
    """Pictures on the way as one sheet, and its geometry."""
    width, height = pictures[0].size
    return {
        "uri": data_uri(encode_preview(make_grid(pictures)), "image/jpeg"),
        "width": width,
        "height": height,
        "gap": SHEET_GAP,
        "count": len(pictures),
    }


def encode_preview(sheet: Image.Image) -> bytes:
    """A sheet on the way as a small file: it is looked at for a second.

    WebP takes thirty times as long, while the next codes are waiting to be drawn.
    """
    encoded = io.BytesIO()
    sheet.save(encoded, "JPEG", quality=PREVIEW_QUALITY)
    return encoded.getvalue()


def data_uri(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
