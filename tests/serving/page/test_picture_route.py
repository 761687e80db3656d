"""The pictures' files at their addresses."""

import io

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dalle.serving.encoded import encoded
from dalle.serving.http.turns import Turns
from dalle.serving.page.examples import read_examples
from dalle.serving.page.picture_route import make_picture_routes
from dalle.serving.page.results import ResultStore
from tests.fakes.engine import FakePipeline


@pytest.fixture
def results() -> ResultStore:
    return ResultStore()


@pytest.fixture
def client(results) -> TestClient:
    return TestClient(Starlette(routes=make_picture_routes(results, read_examples())))


def test_a_picture_is_shown_small_and_downloaded_whole(client, results):
    name = results.keep(FakePipeline().generate("a cat", seed=3))
    shown, whole = (client.get(f"/results/{name}/15.{kind}") for kind in ("webp", "png"))
    assert (shown.headers["content-type"], whole.headers["content-type"]) == (
        "image/webp", "image/png",
    )  # fmt: skip
    kept = results.get(name)
    assert whole.content == kept.png(kept.find(15))
    with Image.open(io.BytesIO(shown.content)) as image:
        assert image.size == (64, 64)
        assert b"trainedAlgorithmicMedia" in image.info["xmp"]
    assert "private" in shown.headers["cache-control"]


def test_a_picture_in_a_crowd_is_asked_for_later(client, results, monkeypatch):
    turns = Turns(each=0, busy="Too many files.")
    monkeypatch.setattr(encoded, "_turns", turns)
    name = results.keep(FakePipeline().generate("a cat in a crowd", seed=3))
    answer = client.get(f"/results/{name}/15.webp")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "31")
    assert answer.json()["detail"] == "Too many files."


@pytest.mark.parametrize("file", ["99.png", "15.gif", "x.png", "15", "-1.png", "²3.png"])
def test_what_is_not_there_is_a_sentence(client, results, file):
    name = results.keep(FakePipeline().generate("a cat", seed=3))
    answer = client.get(f"/results/{name}/{file}")
    assert answer.status_code == 404
    assert "no longer has this picture; draw it again" in answer.json()["detail"]


def test_nobody_guesses_a_name(client):
    assert client.get("/results/guessed/15.png").status_code == 404


def test_examples_have_two_sizes(client):
    example = read_examples()[0]
    assert client.get(f"/{example.small}").content == example.thumbnail
    assert client.get(f"/{example.large}").content == example.sheet.read_bytes()
    assert client.get("/examples/prompts.txt").status_code == 404
