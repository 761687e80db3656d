"""Files for visitors: whole or not at all, and never too many."""

from pathlib import Path

import pytest

from dalle.serving.api import files
from dalle.serving.api.files import Shelf, keep
from dalle.serving.http.visitors import asking


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(files, "get_upload_folder", lambda: str(tmp_path))
    return tmp_path


def written(folder: Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_the_oldest_files_go_where_there_are_too_many_bytes(folder: Path):
    shelf = Shelf(1000, least=0)
    paths = [Path(keep(bytes([number]) * 300, "a.png", shelf)) for number in range(20)]
    assert written(folder) == 900
    assert [path.exists() for path in paths] == [False] * 17 + [True] * 3


def test_a_file_that_comes_again_counts_once_and_is_the_newest(folder: Path):
    shelf = Shelf(1000, least=0)
    first, second = (keep(letter * 400, "a.png", shelf) for letter in (b"a", b"b"))
    assert keep(b"a" * 400, "a.png", shelf) == first
    keep(b"c" * 400, "a.png", shelf)
    assert (Path(first).exists(), Path(second).exists()) == (True, False)


def test_small_files_count_for_the_room_that_they_take_on_a_disk(folder: Path):
    shelf = Shelf(80_000)
    paths = [Path(keep(bytes([number]), "a.png", shelf)) for number in range(20)]
    assert [path.exists() for path in paths] == [False] * 11 + [True] * 9
    assert len(list(folder.iterdir())) == 9  # no empty folder stays


def test_one_that_is_larger_than_all_may_be_is_there_alone(folder: Path):
    shelf = Shelf(10, least=0)
    keep(b"a" * 5, "a.png", shelf)
    path = keep(b"b" * 50, "a.png", shelf)
    assert Path(path).read_bytes() == b"b" * 50
    assert written(folder) == 50


def test_what_visitors_send_does_not_push_out_what_was_drawn(folder: Path, monkeypatch):
    monkeypatch.setattr(files, "GENERATED", Shelf(1000, least=0))
    generated = keep(b"a" * 100, "a.png", files.GENERATED)
    sent = Shelf(200, least=0)
    for number in range(10):
        keep(bytes([number]) * 100, "picture.png", sent)
    assert Path(generated).exists()
    assert written(folder) == 300


def test_a_visitor_pushes_out_no_files_of_others(folder: Path):
    shelf = Shelf(1000, least=0)
    with asking({"client": ("192.0.2.1", 1)}):
        mine = keep(b"a" * 300, "a.png", shelf)
    with asking({"client": ("192.0.2.2", 1)}):
        for number in range(20):
            keep(bytes([number]) * 300, "a.png", shelf)
    assert Path(mine).exists()
    assert written(folder) == 900


def test_nothing_half_written_stays(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(path: Path, content: bytes) -> None:
        path.touch()
        raise OSError(28, "no space left")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="no space"):
        keep(b"a", "a.png", Shelf(10, least=0))
    assert not [path for path in folder.rglob("*") if path.is_file()]
