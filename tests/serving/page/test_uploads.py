"""The recipe in a PNG file of ours, and files that are none."""

import base64
import io
import json
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dalle.errors import DalleError
from dalle.serving.page.events.uploads import decode_upload, read_recipe
from tests.fakes.engine import FakePipeline


def png_with(chunk: str | None, size: tuple[int, int] = (8, 8)) -> bytes:
    text = PngInfo()
    if chunk is not None:
        text.add_text("ninefold", chunk)
    encoded = io.BytesIO()
    Image.new("RGB", size).save(encoded, "PNG", pnginfo=text)
    return encoded.getvalue()


def test_our_pictures_tell_their_recipe():
    picture = FakePipeline().generate("a cat", seed=3).pictures[0]
    kept = read_recipe(picture.as_png(keep_prompt=True))
    assert {name: kept[name] for name in picture.recipe} == picture.recipe
    without = read_recipe(picture.as_png())
    assert "prompt" not in without
    assert without["seed"] == 3


def chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)


@pytest.mark.parametrize("side", [5_000, 50_000])
def test_a_large_picture_is_not_unpacked(side):
    header = chunk(b"IHDR", side.to_bytes(4) * 2 + b"\x08\x02\x00\x00\x00")
    content = (
        b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )
    with pytest.raises(DalleError, match=r"far too many pixels|has 5000 x 5000 pixels"):
        read_recipe(content)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "first bytes are of no known picture"),
        (b"<svg/>", "first bytes are of no known picture"),
        (png_with(None), "no recipe that can be read: it was not downloaded here, or was edited"),
        (png_with("{"), "no recipe that can be read"),
        (png_with("[1]"), "no recipe that can be read"),
        (png_with(json.dumps({"seed": 1, "settings": []})), "no recipe that can be read"),
        (png_with(json.dumps({"seed": 1, "settings": {}, "edit": [1]})), "no recipe that can be"),
        (
            png_with(
                json.dumps({"seed": 1, "settings": {}, "edited_from": {"seed": 1, "settings": 7}})
            ),
            "no recipe that can be read",
        ),
        (
            png_with(json.dumps({"seed": 1, "settings": {}, "prompt": "\ud800"})),
            "no recipe that can be read",
        ),
        (
            png_with(json.dumps({"seed": 1, "settings": {}, "edited_from": {"prompt": "a"}})),
            "no recipe that can be read",
        ),
        (png_with(json.dumps({"prompt": "a", "settings": {}})), "no recipe that can be read"),
        (b"0" * (20 * 2**20 + 1), "more than 2,097,152 bytes"),
    ],
)
def test_another_file_is_a_sentence(content, sentence):
    with pytest.raises(DalleError, match=sentence):
        read_recipe(content)


def test_half_a_file_is_a_sentence():
    whole = png_with("{}", size=(400, 400))
    with pytest.raises(DalleError, match="cut or damaged"):
        read_recipe(whole[: len(whole) // 2])


@pytest.mark.parametrize("text", ["%%%", None, 3, "abc"])
def test_a_broken_upload_is_a_sentence(text):
    with pytest.raises(DalleError, match="did not arrive whole"):
        decode_upload(text)


def test_an_upload_is_decoded():
    assert decode_upload(base64.b64encode(b"content").decode()) == b"content"
