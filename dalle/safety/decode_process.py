"""The process that decodes strangers' pictures, one after another: python -m this module.

It imports Pillow and little else, holds no secret of the server, and ends with the server. Both
sides speak in lengths, JSON and pixels; nothing is pickled.
"""

import contextlib
import json
import signal
import struct
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO

from PIL import Image, ImageChops

from dalle.errors import DalleError
from dalle.safety.open_image import open_bounded
from dalle.safety.plain_image import TRANSPARENT, facts_of

# Bytes of the file, megabytes that it may have, side of the square (0: as it is), 1 for what a
# mask covers, seconds of a core.
REQUEST = struct.Struct("<IIIII")
ANSWER = struct.Struct("<II")  # bytes of the JSON, bytes of the pixels
READY = b"R"  # sent once, before the first answer
MEMORY = 2**30  # bytes of address space
MOST_TEXT = 2**18  # characters of all notes in a file; the longest are left out
NO_MEMORY = "The picture takes too much memory to decode; save it anew, or smaller."


def main() -> None:
    """Answers requests until the other side has gone."""
    _limit_memory()
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    answers.write(READY)
    answers.flush()
    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        length, megabytes, square, mask, seconds = REQUEST.unpack(head)
        content = requests.read(length)
        # The default action of its signal ends the process, in the midst of Pillow's C code too:
        # also where the server has gone and cannot end it.
        limit_work(seconds)
        told, pixels = answer(content, megabytes, square, bool(mask))
        limit_work(0)
        text = json.dumps(told).encode()
        answers.write(ANSWER.pack(len(text), len(pixels)) + text + pixels)
        answers.flush()


def limit_work(seconds: int) -> None:
    """Ends the process after `seconds` more of a core; 0: never."""
    if hasattr(signal, "setitimer"):  # not on Windows
        signal.setitimer(signal.ITIMER_PROF, seconds)


def answer(
    content: bytes, megabytes: int, square: int, mask: bool = False
) -> tuple[dict[str, Any], bytes]:
    """The facts of a picture, and its pixels, RGB or `covered`; a sentence where none are."""
    try:
        image = open_bounded(content, megabytes)
        facts, pixels = facts_of(image), image.width * image.height
        notes = _short_notes(image.info) | facts
        plain = covered(image, facts) if mask else image.convert("RGB")
        image = shrink(plain, square) if square else plain
        told = {"size": image.size, "mode": image.mode, "pixels": pixels, **_sort_notes(notes)}
        return told, image.tobytes()
    except DalleError as error:
        return {"error": str(error)}, b""
    except MemoryError:
        return {"error": NO_MEMORY}, b""


def covered(image: Image.Image, facts: Mapping[str, str]) -> Image.Image:
    """The covered part of a mask, in white: its transparent part, or else its white one."""
    if facts[TRANSPARENT] == "True":
        return ImageChops.invert(image.convert("RGBA").getchannel("A"))
    return image.convert("L")


def shrink(image: Image.Image, square: int) -> Image.Image:
    """The middle of a picture, at most `square` pixels a side; a smaller picture as it is."""
    side = min(image.size)
    if side <= square:
        return image
    left, top = (image.width - side) // 2, (image.height - side) // 2
    middle = (left, top, left + side, top + side)
    return image.resize((square, square), Image.Resampling.BICUBIC, box=middle)


def read_answer(stream: BinaryIO) -> Image.Image:
    """The picture of an answer; EOFError where the process ended, DalleError where it refused."""
    head = stream.read(ANSWER.size)
    if len(head) < ANSWER.size:
        raise EOFError
    text, pixels = ANSWER.unpack(head)
    told, content = json.loads(stream.read(text)), stream.read(pixels)
    if "error" in told:
        raise DalleError(told["error"])
    image = Image.frombytes(told["mode"], tuple(told["size"]), content)
    image.info |= told["texts"] | {"pixels": told["pixels"]}
    image.info |= {name: text.encode("latin-1") for name, text in told["bytes"].items()}
    return image


def _short_notes(notes: Mapping[Any, Any]) -> dict[str, str | bytes]:
    """The texts and the bytes that stand in a file beside its pixels, the shortest first.

    The server keeps them as long as the picture, and thousands may be more than its pixels.
    """
    readable = {
        name: note
        for name, note in notes.items()
        if isinstance(name, str) and isinstance(note, str | bytes)
    }
    short, room = {}, MOST_TEXT
    for name, note in sorted(readable.items(), key=lambda each: len(each[0]) + len(each[1])):
        room -= len(name) + len(note)
        if room < 0:
            break
        short[name] = note
    return short


def _sort_notes(notes: Mapping[str, str | bytes]) -> dict[str, dict[str, str]]:
    """Texts, and bytes as JSON can hold them."""
    return {
        "texts": {name: str(note) for name, note in notes.items() if isinstance(note, str)},
        "bytes": {
            name: note.decode("latin-1") for name, note in notes.items() if isinstance(note, bytes)
        },
    }


def _limit_memory() -> None:
    with contextlib.suppress(ImportError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    main()
