"""Pictures that are made to take time or memory, and damaged ones."""

import base64
import io
import random
import struct
import zlib
from collections.abc import Iterator

from PIL import Image


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    encoded = io.BytesIO()
    image.save(encoded, kind, **options)
    return encoded.getvalue()


def data_uri(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def many_scans(side: int, count: int, noise: int = 30) -> bytes:
    """A progressive JPEG file whose last scan is repeated so often; less noise is a shorter one."""
    content = encode(Image.effect_noise((side, side), noise), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * count + content[-2:]


def chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)


def text_bomb(megabytes: int) -> bytes:
    """A PNG file with a note that unpacks to so much."""
    packed = zlib.compress(bytes(megabytes * 2**20), 9)
    plain = encode(Image.new("RGB", (8, 8)))
    return plain[:33] + chunk(b"zTXt", b"note\0\0" + packed) + plain[33:]


def wide(width: int, height: int) -> bytes:
    """A PNG file that says it is so large, and is not."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + body


def damaged(count: int, seed: int = 0) -> Iterator[bytes]:
    """Files of each kind with bytes changed, taken out, put in or repeated."""
    dice = random.Random(seed)
    noise = Image.effect_noise((64, 48), 80).convert("RGB")
    whole = [
        encode(noise),
        encode(noise.quantize(16), "PNG", transparency=3),
        encode(noise.convert("L"), "PNG", interlace=1),
        encode(noise, "JPEG", progressive=True),
        encode(noise.convert("CMYK"), "JPEG"),
        encode(noise, "WEBP"),
        encode(noise.convert("RGBA"), "WEBP", lossless=True),
        encode(noise, "WEBP", save_all=True, append_images=[noise.rotate(90)] * 2),
    ]
    for number in range(count):
        content = bytearray(whole[number % len(whole)])
        for _ in range(dice.choice((1, 2, 8, 64))):
            at = dice.randrange(2, len(content))
            act = dice.choice(("change", "cut", "put", "repeat", "end"))
            if act == "change":
                content[at] = dice.randrange(256)
            elif act == "cut":
                del content[at : at + dice.choice((1, 4, 100))]
            elif act == "put":
                content[at:at] = dice.choice((b"\xff", b"\x00" * 4, b"\xff\xff\xff\x7f"))
            elif act == "repeat":
                content[at:at] = content[at : at + 50] * dice.choice((1, 20))
            else:
                del content[at:]
            if len(content) < 10:
                break
        yield bytes(content)
