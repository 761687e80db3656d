"""The door for files: pictures alone, under names of ours, and no more than may be ranked."""

import errno
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dalle.serving.api import files, uploads
from dalle.serving.http.routes import UPLOAD
from tests.fakes.pictures import encode

PNG = encode(Image.new("RGB", (8, 8)))


@pytest.fixture
def registered() -> set[str]:
    return set()


@pytest.fixture
def client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registered: set[str]
) -> Iterator[TestClient]:
    monkeypatch.setattr(files, "get_upload_folder", lambda: str(tmp_path))
    app = Starlette(routes=[uploads.upload])
    app.get_blocks = lambda: SimpleNamespace(upload_file_set=registered)
    with TestClient(app) as client:
        yield client


def send(client: TestClient, *contents: bytes, name: str = "a.png") -> httpx.Response:
    return client.post(UPLOAD, files=[("files", (name, each)) for each in contents])


def test_pictures_are_kept_under_names_of_ours(client, tmp_path, registered):
    answer = send(client, PNG, encode(Image.new("RGB", (9, 9)), "JPEG"), name="../../<evil>.html")
    assert answer.status_code == 200
    names = [Path(path).name for path in answer.json()]
    assert names == ["picture.png", "picture.jpeg"]
    assert all(Path(path).is_relative_to(tmp_path) for path in answer.json())
    assert registered == set(answer.json())  # gradio deletes them after a day


@pytest.mark.parametrize("content", [b"<html>", b"", PNG[:4], PNG + bytes(4 * 2**20)])
def test_what_is_no_picture_or_too_long_is_a_sentence(client, tmp_path, content):
    answer = send(client, PNG, content)
    assert answer.status_code == 400
    assert 'The form must have fields "files", each a PNG, JPEG' in answer.json()["detail"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "form",
    [
        {"content": b"no boundary", "headers": {"Content-Type": "multipart/form-data"}},
        {"content": b"{}", "headers": {"Content-Type": "application/json"}},
        {"data": {"files": "text"}},
        {"files": [("files", ("a.png", PNG))] * 65},
        {"files": [("other", ("a.png", PNG))]},
    ],
)
def test_a_form_that_is_none_is_a_sentence(client, form):
    answer = client.post(UPLOAD, **form)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("The form ")


def test_a_full_disk_is_a_sentence(client, monkeypatch):
    def full(contents: list[bytes]) -> list[str]:
        raise OSError(errno.ENOSPC, "no space", "/secret/folder")

    monkeypatch.setattr(uploads, "keep_all", full)
    answer = send(client, PNG)
    assert (answer.status_code, "disk is full" in answer.json()["detail"]) == (507, True)
    assert "secret" not in answer.text
