"""What is found in files of all kinds, and that no file of a stranger does harm."""

import io
import os
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dalle.__main__ import main
from dalle.errors import DalleError
from dalle.safety import verify as module
from dalle.safety.bounded import MAX_MEGABYTES
from dalle.safety.provenance import XMP, Marker
from dalle.safety.signing import Signer
from dalle.safety.verify import Report, verify, verify_file
from tests.safety.certificates import make_chain
from tests.safety.drawn import draw_picture

KEY = "ninefold"
RECIPE = {"model": "nano", "revision": "abc", "seed": 7, "candidate": 3, "settings": {}}


def encode(image: Image.Image, form: str, **options: object) -> bytes:
    content = io.BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


def ours() -> bytes:
    return Marker().encode(draw_picture(0), RECIPE)


def found(report: Report) -> dict[str, bool]:
    return {sign.name: sign.found for sign in report.signs}


def says(report: Report, name: str) -> str:
    return next(sign.says for sign in report.signs if sign.name == name)


def test_a_file_of_ours() -> None:
    report = verify(ours(), KEY)
    assert found(report) == {
        "metadata": True,
        "recipe": True,
        "invisible mark": True,
        "C2PA manifest": False,
    }
    assert report.conclusion == "It was very probably drawn by Ninefold, and is no photo."
    assert says(report, "recipe").startswith("Drawn with model nano, revision abc, seed 7, candi")
    assert "Score" in says(report, "invisible mark")
    assert all(sign.worth for sign in report.signs)


def test_a_copy_that_lost_its_metadata() -> None:
    copy = encode(Image.open(io.BytesIO(ours())), "JPEG", quality=75)
    report = verify(copy, KEY)
    assert found(report) == {
        "metadata": False,
        "recipe": False,
        "invisible mark": True,
        "C2PA manifest": False,
    }
    mirrored = Image.open(io.BytesIO(ours())).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert ", mirrored" in says(verify(encode(mirrored, "WEBP", quality=90), KEY), "invisible mark")


def test_a_photo_of_somebody() -> None:
    for form in ("PNG", "JPEG", "WEBP"):
        report = verify(encode(draw_picture(0), form), KEY)
        assert not report.found
        assert "proves nothing" in report.conclusion


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_another_generators_metadata(form: str) -> None:
    report = verify(encode(draw_picture(0), form, xmp=XMP.encode()), KEY)
    assert found(report)["metadata"]
    assert "not by Ninefold" in report.conclusion


def test_a_signed_file_and_what_became_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("c2pa", reason="c2pa-python is optional and not installed here")
    content = Marker(signer=Signer.of(*make_chain())).encode(draw_picture(0), RECIPE)
    report = verify(content, KEY)
    assert found(report)["C2PA manifest"]
    assert "signed by Tests and says: made by a trained algorithm; state: Valid." in says(
        report, "C2PA manifest"
    )
    changed = bytearray(content)
    changed[-40] ^= 1  # among the last pixels
    monkeypatch.setattr(module, "open_bounded", lambda content: draw_picture(0))
    assert not found(verify(bytes(changed), KEY))["C2PA manifest"]
    assert "state: Invalid" in says(verify(bytes(changed), KEY), "C2PA manifest")
    monkeypatch.setitem(sys.modules, "c2pa", None)
    assert "state: not read" in says(verify(content, KEY), "C2PA manifest")


def bomb(width: int, height: int) -> bytes:
    """A small PNG file that says it is large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        sum_ = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + sum_

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


REFUSED = {
    "empty": (b"", "first bytes are of no known picture"),
    "text": (b"hello", "first bytes are of no known picture"),
    "GIF": (encode(Image.new("P", (8, 8)), "GIF"), "first bytes are of no known picture"),
    "TIFF": (encode(Image.new("RGB", (8, 8)), "TIFF"), "first bytes are of no known picture"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "of no known picture"),
    "magic alone": (b"\x89PNG\r\n\x1a\n", "cut or damaged"),
    "cut": (ours()[:3000], "cut or damaged"),
    "JPEG in name only": (b"\xff\xd8\xff" + bytes(100), "cut or damaged"),
    "WebP in name only": (b"RIFF\x10\0\0\0WEBP" + bytes(100), "cut or damaged"),
    "five megapixels": (bomb(2500, 2000), "has 2500 x 2000 pixels"),
    "100 megapixels": (bomb(10_000, 10_000), "far too many pixels"),
    "a gigapixel": (bomb(40_000, 40_000), "far too many pixels"),
    "too many bytes": (ours() + bytes(MAX_MEGABYTES * 2**20), "has more than 2,097,152 bytes"),
}


@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(content: bytes, sentence: str) -> None:
    tracemalloc.start()
    with pytest.raises(DalleError, match=sentence) as caught:
        verify(content, KEY)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "at most 2 MB and 4 megapixels" in str(caught.value)
    assert peak < 2**20  # nothing large was made for it


def test_text_that_unpacks_to_much_is_no_way_in() -> None:
    chunks = PngInfo()
    chunks.add_text("ninefold", "[" * 20_000_000, zip=True)
    content = encode(Image.new("RGB", (64, 64)), "PNG", pnginfo=chunks)
    assert len(content) < MAX_MEGABYTES * 2**20
    with pytest.raises(DalleError, match="cut or damaged"):
        verify(content, KEY)


def test_what_a_stranger_wrote_is_shown_without_control_characters() -> None:
    recipe = RECIPE | {"model": "nano\x1b[2J\n" + 2000 * "x"}
    report = verify(Marker().encode(draw_picture(0), recipe), KEY)
    assert says(report, "recipe").isprintable()
    assert len(says(report, "recipe")) <= 300


def test_exif_is_ignored() -> None:
    image = draw_picture(0)
    exif = image.getexif()
    exif[0x0112] = 6  # a quarter turn
    exif[0x013B] = XMP  # artist
    assert verify(encode(image, "JPEG", exif=exif), KEY).found is False


def test_odd_modes_are_read() -> None:
    for mode in ("1", "L", "P", "RGBA", "I;16"):
        image = Image.new("L", (80, 80), 100).convert(mode) if mode != "I;16" else None
        image = image or Image.fromarray(np.full((80, 80), 30_000, np.uint16))
        assert verify(encode(image, "PNG"), KEY).found is False
    assert verify(encode(draw_picture(0).convert("CMYK"), "JPEG"), KEY).found is False


def test_paths(tmp_path: Path) -> None:
    with pytest.raises(DalleError, match=r"https://x.org/a.png is an address; nothing is fetched"):
        verify_file("https://x.org/a.png", KEY)
    with pytest.raises(DalleError, match="is no file on this machine"):
        verify_file(tmp_path, KEY)
    with pytest.raises(DalleError, match="is no file on this machine"):
        verify_file("/dev/zero", KEY)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DalleError, match="is no file on this machine"):
        verify_file(tmp_path / "pipe", KEY)  # and does not wait for somebody to write


def test_the_command_and_its_exit_codes(tmp_path: Path, capsys) -> None:
    (tmp_path / "ours.png").write_bytes(ours())
    (tmp_path / "theirs.webp").write_bytes(encode(draw_picture(1), "WEBP"))
    (tmp_path / "text.png").write_bytes(b"hello")
    assert main(["verify", str(tmp_path / "ours.png")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("It was very probably drawn by Ninefold, and is no photo.\n")
    assert "invisible mark: yes" in said
    assert main(["verify", str(tmp_path / "theirs.webp")]) == 1
    assert "invisible mark: no" in capsys.readouterr().out
    assert main(["verify", str(tmp_path / "text.png")]) == 2
    assert capsys.readouterr().err.startswith("Error: The file's first bytes are of no known")


def test_the_key_is_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    path = tmp_path / "copy.jpg"
    marked = Image.open(io.BytesIO(Marker(key="own").encode(draw_picture(0), RECIPE)))
    path.write_bytes(encode(marked, "JPEG", quality=90))
    assert main(["verify", str(path)]) == 1
    monkeypatch.setenv("NINEFOLD_MARK_KEY", "own")
    assert main(["verify", str(path)]) == 0


def test_help_tells_the_exit_codes(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["verify", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "Exit code: 0 where a sign was found, 1 where none was (which proves nothing), 2" in said


def test_verifying_needs_no_jax(tmp_path: Path) -> None:
    (tmp_path / "ours.png").write_bytes(ours())
    code = (
        "import sys; from dalle.__main__ import main; "
        f"code = main(['verify', {str(tmp_path / 'ours.png')!r}]); "
        "sys.exit(code or 'jax' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr
