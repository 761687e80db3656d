"""Strangers' pictures are decoded in processes that can be ended."""

import json
import os
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dalle.errors import DalleError, FaultError
from dalle.safety import file_decoder
from dalle.safety.decode_process import ANSWER, MOST_TEXT, NO_MEMORY, answer, shrink
from dalle.safety.file_decoder import COMMAND, Decoder, DecoderProcess, decode
from tests.fakes.pictures import chunk, damaged, encode, text_bomb, wide

HANGS = (sys.executable, "-c", "import time; print(end='R', flush=True); time.sleep(1000)")
PICTURE = encode(Image.effect_noise((40, 30), 80).convert("RGB"))
DAMAGED = 80


@pytest.fixture
def process() -> Iterator[DecoderProcess]:
    process = DecoderProcess()
    yield process
    process.end()


def test_the_pixels_are_those_of_the_file():
    for image in (Image.effect_noise((40, 30), 80), Image.new("RGBA", (9, 9), (1, 2, 3, 0))):
        decoded = decode(encode(image))
        np.testing.assert_array_equal(decoded, image.convert("RGB"))
        assert decoded.info["pixels"] == image.width * image.height


def test_the_notes_of_a_file_come_along():
    notes = PngInfo()
    notes.add_text("ninefold", '{"seed": 1}')
    notes.add_itxt("XML:com.adobe.xmp", "<x/>")
    notes.add_text("long", "x" * 2**19)
    info = decode(encode(Image.new("RGB", (8, 8)), pnginfo=notes)).info
    assert (info["ninefold"], info["xmp"]) == ('{"seed": 1}', b"<x/>")
    assert "long" not in info


def test_a_large_picture_shrinks_to_its_middle_and_a_small_one_stays():
    picture = Image.new("RGB", (300, 100), "red")
    picture.paste("blue", (100, 0, 200, 100))
    shrunk = decode(encode(picture), square=50)
    assert (shrunk.size, shrunk.getpixel((25, 25))) == ((50, 50), (0, 0, 255))
    assert shrink(picture, 100).size == (300, 100)


def test_a_refusal_is_the_sentence_of_the_limits(process: DecoderProcess):
    for content, sentence in (
        (b"<svg/>", "no known picture"),
        (wide(9_000, 9_000), "has 9000 x 9000 pixels"),
        (text_bomb(100), "cut or damaged"),
    ):
        with pytest.raises(DalleError, match=sentence):
            process.decode(content, 2, 0)
    assert process.decode(PICTURE, 2, 0).size == (40, 30)


def test_one_that_takes_too_long_is_ended_and_the_next_is_decoded():
    process = DecoderProcess(HANGS, longest=0.1)
    with pytest.raises(DalleError, match="takes more than 5 seconds to decode; save it anew"):
        process.decode(PICTURE, 2, 0)
    assert process._process is None  # ended, and its end waited for
    process._command, process._longest = COMMAND, 60
    assert process.decode(PICTURE, 2, 0).size == (40, 30)
    process.end()


def test_one_that_does_not_start_is_a_sentence():
    process = DecoderProcess((sys.executable, "-c", ""))
    with pytest.raises(FaultError, match="Pictures cannot be read at this moment"):
        process.decode(PICTURE, 2, 0)


def test_one_that_dies_is_a_sentence_and_the_next_is_decoded(process: DecoderProcess):
    process.decode(PICTURE, 2, 0)
    process._process.kill()
    process._process.wait()
    assert process.decode(PICTURE, 2, 0).size == (40, 30)


def test_the_process_ends_with_the_server():
    child = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.communicate(timeout=60)  # the server has gone
    assert child.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_it_ends_by_itself_where_nobody_else_does_and_has_little_memory():
    code = (
        "import json, resource, sys, dalle.safety.decode_process as process\n"
        "process.answer = lambda *given: sum(iter(int, 1))\n"
        "process._limit_memory()\n"
        "print(json.dumps(resource.getrlimit(resource.RLIMIT_AS)), file=sys.stderr, flush=True)\n"
        "process.main()\n"
    )
    child = subprocess.Popen(
        (sys.executable, "-c", code),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        cwd=Path(file_decoder.__file__).parents[2],
    )  # fmt: skip
    told, errors = child.communicate(file_decoder.REQUEST.pack(3, 2, 0, 0, 1) + b"abc", timeout=60)
    assert (told, child.returncode) == (b"R", -27)  # SIGPROF
    assert json.loads(errors.splitlines()[0]) == [2**30, 2**30]


def test_a_lack_of_memory_is_a_sentence(monkeypatch: pytest.MonkeyPatch):
    def fail(*arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr("dalle.safety.decode_process.open_bounded", fail)
    assert answer(PICTURE, 2, 0) == ({"error": NO_MEMORY}, b"")


def test_it_is_told_no_secret_of_the_server(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NINEFOLD_SIGNING_KEY", "secret")
    monkeypatch.setenv("HF_TOKEN", "secret")
    telling = (
        sys.executable, "-c",
        "import json, os, struct, sys; told = json.dumps({'error': str(dict(os.environ))});"
        f"head = b'R' + struct.pack('{ANSWER.format}', len(told), 0);"
        "sys.stdout.buffer.write(head + told.encode()); sys.stdout.flush();"
        "sys.stdin.buffer.read()",  # it must be there to be asked
    )  # fmt: skip
    process = DecoderProcess(telling)
    with pytest.raises(DalleError, match="PYTHONPATH") as told:
        process.decode(b"", 2, 0)
    process.end()
    assert "secret" not in str(told.value)


def test_whoever_waits_too_long_for_a_turn_is_told_so():
    process = DecoderProcess(HANGS, longest=60)
    alone = Decoder([process], patience=0.01)
    failures: list[DalleError] = []

    def ask() -> None:
        try:
            alone.decode(PICTURE, 2, 0)
        except DalleError as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    while not failures:  # the one that waited; the other one has the only process
        threads[0].join(0.01)
    assert "Too many pictures are being read" in str(failures[0])
    while process._process is None:  # it may only be starting
        threads[0].join(0.01)
    alone.end()
    for thread in threads:
        thread.join()


def test_damaged_files_end_in_a_picture_or_a_sentence(process: DecoderProcess):
    decoded, refused = 0, []
    for content in damaged(DAMAGED):
        try:
            image = process.decode(content, 2, 64)
            assert min(image.size) <= 64
            decoded += 1
        except DalleError as error:
            refused.append(str(error))
    assert decoded
    assert refused
    assert all(sentence.endswith(".") for sentence in refused)
    # None of them took the process with it.
    assert process._process.poll() is None
    if os.path.isdir("/proc"):
        status = Path(f"/proc/{process._process.pid}/status").read_text()
        peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
        assert peak < 200  # megabytes


def test_many_notes_of_a_file_are_not_kept():
    notes = b"".join(
        chunk(b"zTXt", b"note %d\0\0" % number + zlib.compress(b"\xe9" * 10_000, 9))
        for number in range(200)
    )
    plain = encode(Image.new("RGB", (8, 8)))
    picture = plain[:33] + notes + plain[33:]
    assert len(picture) < 20_000
    info = decode(picture).info
    assert 0 < sum(len(name) + len(str(note)) for name, note in info.items()) < MOST_TEXT + 1000
