"""Results as the browser gets them: JSON with the addresses of the pictures."""

import math
import unicodedata
from collections.abc import Sequence
from itertools import accumulate

from PIL import Image

from dalle.generation.pictures import SHEET_GAP, data_uri, encode_preview, make_grid
from dalle.generation.result import Picture, Result
from dalle.serving.page.frames import HeardWords, Sheet, Tile
from dalle.serving.page.links import write_query
from dalle.serving.page.results import StoredResult
from dalle.text.heard import Heard

SHOWN, BLURRED, HIDDEN = "show", "blur", "hide"
LONGEST_NAME = 60  # letters of the prompt in a file's name
# With the numbers around it a name has at most 200; file systems take 255, archives often less.
LONGEST_BYTES = 170


def look_of(picture: Picture) -> tuple[str, str]:
    """How a picture is shown (SHOWN, BLURRED or HIDDEN), and why, in words for the visitor.

    The one place where a check of pictures decides about the page's tiles.
    """
    return picture.verdict.check, picture.verdict.reason


def describe_tile(kept: StoredResult, picture: Picture, place: int) -> Tile:
    """One picture: the addresses of its files, its score, and its recipe."""
    address = f"results/{kept.name}/{picture.candidate}"
    look, reason = look_of(picture)
    prompt = picture.recipe["prompt"] or "A picture"
    return {
        "src": "" if look == HIDDEN else f"{address}.webp",
        "png": "" if look == HIDDEN else f"{address}.png",
        "alt": f"{prompt}, drawn by AI, number {place}",
        "place": place,
        "score": round(picture.score, 3) if math.isfinite(picture.score) else None,
        "seed": picture.seed,
        "candidate": picture.candidate,
        "file": file_name(picture),
        "query": write_query(picture.recipe),
        "look": look,
        "reason": reason,
    }


def describe_kept(kept: StoredResult) -> list[Tile]:
    """The best pictures, in their order."""
    return [describe_tile(kept, p, n) for n, p in enumerate(kept.result.pictures, start=1)]


def describe_rejected(kept: StoredResult) -> list[Tile]:
    """The others, in their order, numbered on."""
    first = len(kept.result.pictures) + 1
    return [describe_tile(kept, p, n) for n, p in enumerate(kept.result.rejected, start=first)]


def cells_of(picture: Picture, size: tuple[int, int] | None = None) -> list[int]:
    """Columns and rows of the cells that a picture can be edited in; empty where there are none.

    `size` is that of a larger picture whose square it is.
    """
    side = math.isqrt(len(picture.codes))
    width, height = size or picture.image.size
    return [max(side, round(side * length / min(width, height))) for length in (width, height)]


def file_name(picture: Picture) -> str:
    """Such as a-red-apple-seed42-no7.png, with the kind of its alteration, if any."""
    edit = picture.recipe.get("edit", {})
    done = f"-{edit['kind']}" if edit else ""
    prompt = slug(picture.recipe["prompt"])
    return f"{prompt}{done}-seed{picture.seed}-no{picture.candidate}.png"


def slug(prompt: str) -> str:
    """A prompt as a part of a file's name: letters with their marks, digits, hyphens between."""
    text = unicodedata.normalize("NFC", prompt.lower())
    # Format characters are invisible, and some turn the rest of a name around.
    seen = (c for c in text if unicodedata.category(c) != "Cf")
    spaced = "".join(c if c.isalnum() or c == "_" or is_mark(c) else " " for c in seen)
    return shorten("-".join(spaced.split())).strip("-") or "picture"


def shorten(name: str) -> str:
    """The first LONGEST_NAME letters, or as many as are LONGEST_BYTES; marks stay with theirs."""
    letters: list[str] = []
    for character in name:
        if letters and is_mark(character):
            letters[-1] += character
        else:
            letters.append(character)
    sizes = accumulate(len(letter.encode()) for letter in letters[:LONGEST_NAME])
    return "".join(letters[: sum(size <= LONGEST_BYTES for size in sizes)])


def is_mark(character: str) -> bool:
    """Whether it belongs to the letter before it: vowel signs, accents, tones."""
    return unicodedata.category(character).startswith("M")


def describe_preview(pictures: Sequence[Image.Image]) -> Sheet:
    """Pictures on the way as one sheet, and its geometry."""
    width, height = pictures[0].size
    return {
        "uri": data_uri(encode_preview(make_grid(pictures)), "image/jpeg"),
        "width": width,
        "height": height,
        "gap": SHEET_GAP,
        "count": len(pictures),
    }


def heard_in(result: Result) -> HeardWords | None:
    """The words of a result's prompt; None where the model reads the prompt itself."""
    return result.recipe.get("heard")


def other_notes(result: Result) -> list[str]:
    """The notes of a result without those about its words, which the page tells by itself."""
    heard = heard_in(result)
    if heard is None:
        return list(result.notes)
    told = Heard.from_dict(heard).notes
    return [note for note in result.notes if note not in told]
