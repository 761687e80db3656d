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
from dalle.safety.open_image import MAX_MEGABYTES
from dalle.safety.provenance import verify as module
from dalle.safety.provenance.c2pa import Signer
from dalle.safety.provenance.marker import Marker, write_xmp
from dalle.safety.provenance.verify import Report, verify, verify_file
from dalle.safety.provenance.watermark import embed
from tests.audits.ellipses import make_picture
from tests.safety.provenance.certificates import make_chain

KEY = "ninefold"
MARK = "It carries Ninefold's invisible mark with the public key, which anybody can add."
SELF = "Its recipe says that Ninefold drew it. The file says so itself; anybody can write that."
XMP_SAYS = "Its metadata says that a trained algorithm made it; anybody can write that."
OURS = f"{MARK} {SELF} {XMP_SAYS}"
RECIPE = {"model": "nano", "revision": "abc", "seed": 7, "candidate": 3, "settings": {}}


def encode(image: Image.Image, form: str, **options: object) -> bytes:
    content = io.BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


def ours() -> bytes:
    return Marker().encode(make_picture(0), RECIPE)


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
        "metadata of other programs": False,
    }
    assert report.conclusion == OURS
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
        "metadata of other programs": False,
    }
    assert report.conclusion == MARK
    mirrored = Image.open(io.BytesIO(ours())).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert ", mirrored" in says(verify(encode(mirrored, "WEBP", quality=90), KEY), "invisible mark")


def test_a_photo_of_somebody() -> None:
    for form in ("PNG", "JPEG", "WEBP"):
        report = verify(encode(make_picture(0), form), KEY)
        assert not report.found
        assert "proves nothing" in report.conclusion


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_another_generators_metadata(form: str) -> None:
    report = verify(encode(make_picture(0), form, xmp=write_xmp({"seed": 1}).encode()), KEY)
    assert found(report)["metadata"]
    assert report.conclusion == XMP_SAYS


def with_text(**texts: str) -> bytes:
    chunks = PngInfo()
    for name, text in texts.items():
        chunks.add_text(name, text)
    return encode(make_picture(0), "PNG", pnginfo=chunks)


def test_a_recipe_alone_is_what_the_file_says_itself() -> None:
    """A strange picture with this text was "very probably drawn by Ninefold, and is no photo"."""
    assert verify(with_text(ninefold='{"seed": 1}'), KEY).conclusion == SELF


def test_a_mark_that_anybody_can_add_proves_no_photo_false() -> None:
    forged = Image.fromarray(embed(np.asarray(make_picture(2)), KEY))
    assert verify(encode(forged, "JPEG", quality=90), KEY).conclusion == MARK


def test_a_mark_with_a_secret_key_is_worth_more() -> None:
    image = Image.fromarray(embed(np.asarray(make_picture(2)), "secret"))
    assert "so its maker had that key" in verify(encode(image, "PNG"), "secret").conclusion
    assert not verify(encode(image, "PNG"), KEY).found


def test_the_mark_of_an_earlier_version() -> None:
    report = verify(Path(__file__).with_name("former-mark.png").read_bytes(), KEY)
    assert report.conclusion == MARK
    assert "Mark of earlier versions: " in says(report, "invisible mark")


@pytest.mark.parametrize(
    ("texts", "named"),
    [
        ({"parameters": "a cat\nSteps: 20, Sampler: Euler a"}, "AUTOMATIC1111's web UI"),
        ({"prompt": "{}", "workflow": "{}"}, "ComfyUI"),
        ({"invokeai_metadata": "{}"}, "InvokeAI"),
        ({"Software": "NovelAI"}, 'Software: "NovelAI"'),
    ],
)
def test_metadata_of_another_generator_is_named(texts: dict, named: str) -> None:
    """They were "no sign of a machine"."""
    report = verify(with_text(**texts), KEY)
    assert report.found
    assert report.conclusion.startswith("Its metadata is that of another generator (")
    assert named in report.conclusion
    assert report.conclusion.endswith("; anybody can write that.")


def test_software_that_edits_photos_is_named_and_is_no_sign() -> None:
    report = verify(with_text(Software="GIMP 3.0\x1b[2J"), KEY)
    assert not report.found
    assert says(report, "metadata of other programs") == 'Software: "GIMP 3.0 [2J".'


def test_no_sentence_says_that_a_picture_is_no_photo() -> None:
    assert "no photo" not in Path(module.__file__).read_text()


def test_a_signed_file_and_what_became_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("c2pa", reason="c2pa-python is optional and not installed here")
    content = Marker(signer=Signer.of(*make_chain())).encode(make_picture(0), RECIPE)
    report = verify(content, KEY)
    assert found(report)["C2PA manifest"]
    assert "signed by Tests and says: made by a trained algorithm; state: Valid." in says(
        report, "C2PA manifest"
    )
    changed = bytearray(content)
    changed[-40] ^= 1  # among the last pixels
    monkeypatch.setattr(module, "decode", lambda content: make_picture(0))
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
    "100 megapixels": (bomb(10_000, 10_000), "has 10000 x 10000 pixels"),
    "a gigapixel": (bomb(40_000, 40_000), "40000 x 40000 pixels|far too many pixels"),
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
    assert peak < 4 * 2**20  # the file and its copy, never its pixels


def test_text_that_unpacks_to_much_is_no_way_in() -> None:
    chunks = PngInfo()
    chunks.add_text("ninefold", "[" * 20_000_000, zip=True)
    content = encode(Image.new("RGB", (64, 64)), "PNG", pnginfo=chunks)
    assert len(content) < MAX_MEGABYTES * 2**20
    with pytest.raises(DalleError, match="cut or damaged"):
        verify(content, KEY)


def test_what_a_stranger_wrote_is_shown_without_control_characters() -> None:
    recipe = RECIPE | {"model": "nano\x1b[2J\n" + 2000 * "x"}
    report = verify(Marker().encode(make_picture(0), recipe), KEY)
    assert says(report, "recipe").isprintable()
    assert len(says(report, "recipe")) <= 300


def test_exif_is_ignored() -> None:
    image = make_picture(0)
    exif = image.getexif()
    exif[0x0112] = 6  # a quarter turn
    exif[0x013B] = write_xmp({"seed": 1})  # artist
    assert verify(encode(image, "JPEG", exif=exif), KEY).found is False


def test_odd_modes_are_read() -> None:
    for mode in ("1", "L", "P", "RGBA", "I;16"):
        image = Image.new("L", (80, 80), 100).convert(mode) if mode != "I;16" else None
        image = image or Image.fromarray(np.full((80, 80), 30_000, np.uint16))
        assert verify(encode(image, "PNG"), KEY).found is False
    assert verify(encode(make_picture(0).convert("CMYK"), "JPEG"), KEY).found is False


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
    (tmp_path / "theirs.webp").write_bytes(encode(make_picture(1), "WEBP"))
    (tmp_path / "text.png").write_bytes(b"hello")
    assert main(["verify", str(tmp_path / "ours.png")]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{OURS}\n")
    assert "invisible mark: yes" in said
    assert main(["verify", str(tmp_path / "theirs.webp")]) == 1
    assert "invisible mark: no" in capsys.readouterr().out
    assert main(["verify", str(tmp_path / "text.png")]) == 2
    assert capsys.readouterr().err.startswith("Error: The file's first bytes are of no known")


def test_the_key_is_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    path = tmp_path / "copy.jpg"
    marked = Image.open(io.BytesIO(Marker(key="own").encode(make_picture(0), RECIPE)))
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
