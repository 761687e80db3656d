"""Files of pictures are made once, and few at a time."""

import threading

import pytest

from dalle.engine.admission import BusyError
from dalle.serving.encoded import EACH, EncodedFiles
from dalle.serving.http.turns import Turns
from dalle.serving.http.visitors import asking
from tests.fakes.engine import FakePipeline


def test_a_file_is_made_once_for_all_who_ask():
    files, made = EncodedFiles(), []
    begun = threading.Barrier(8)

    def make() -> bytes:
        made.append(1)
        return b"file"

    def ask() -> None:
        begun.wait()
        answers.append(files.get("key", make))

    answers: list[bytes] = []
    files.get("key", make)
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [b"file"] * 8
    assert made == [1]


def test_no_more_are_made_side_by_side_than_are_allowed():
    files, at_work, most = EncodedFiles(), threading.Semaphore(2), []

    def make() -> bytes:
        most.append(at_work.acquire(blocking=False))
        threading.Event().wait(0.01)
        at_work.release()
        return b""

    threads = [threading.Thread(target=files.get, args=(str(n), make)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [True] * 12


def test_a_visitor_waits_for_so_many_and_others_are_served_meanwhile():
    files = EncodedFiles(turns=Turns(at_once=EACH + 1, each=EACH, busy="Too many files."))
    begun, release = threading.Barrier(EACH + 1), threading.Event()

    def make() -> bytes:
        begun.wait()
        release.wait()
        return b"file"

    def ask(number: int) -> None:
        with asking({"client": ("192.0.2.1", 1)}):
            files.get(str(number), make)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(EACH)]
    for thread in threads:
        thread.start()
    begun.wait()
    try:
        with pytest.raises(BusyError, match="Too many files"):
            ask(EACH)
        with asking({"client": ("192.0.2.2", 1)}):
            assert files.get("other", lambda: b"theirs") == b"theirs"
    finally:
        release.set()
        for thread in threads:
            thread.join()
    ask(0)


def test_the_same_picture_of_another_run_has_the_same_file_and_others_have_not():
    files = EncodedFiles()
    first, again, other = (FakePipeline().generate("a cat", seed=seed) for seed in (3, 3, 4))
    png = files.png(first.pictures[0])
    assert files.png(again.pictures[0]) is png
    assert files.png(other.pictures[0]) != png
    assert files.png(first.pictures[0], keep_prompt=True) != png
    assert png == first.pictures[0].as_png()
    assert files.sheet(first) is files.sheet(again)
    assert files.sheet(first, signature="by a.example") != files.sheet(first)


def test_the_oldest_files_are_forgotten():
    files, made = EncodedFiles(most=10), []
    for key in ("a", "b", "a", "b"):
        files.get(key, lambda key=key: made.append(key) or b"12345678")
    assert made == ["a", "b", "a", "b"]
