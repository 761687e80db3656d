"""Edits and variations in the OpenAI form, by their official client and by bare forms."""

import base64
import io
import json
from collections.abc import Iterator

import httpx
import numpy as np
import openai
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dalle.engine.engine import LocalEngine
from dalle.serving.api.openai_forms import EDITS, VARIATIONS
from dalle.serving.api.openai_images import make_routes
from tests.fakes.engine import FakePipeline
from tests.fakes.pictures import encode, wide
from tests.serving.api.test_endpoints import MARKED

PHOTO = Image.new("RGB", (64, 64), (10, 200, 90))
FILE = ("photo.png", encode(PHOTO), "image/png")


@pytest.fixture(scope="module")
def client(quick_app: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{quick_app}/v1", api_key="any", max_retries=0) as client:
        yield client


def with_hole() -> bytes:
    """The photo, its right half transparent."""
    image = PHOTO.convert("RGBA")
    image.paste((0, 0, 0, 0), (32, 0, 64, 64))
    return encode(image)


def opened(picture) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(picture.b64_json))) as image:
        return np.asarray(image.convert("RGB"), int)


def test_an_edit_by_a_mask(client):
    answer = client.images.edit(
        image=FILE,
        mask=("mask.png", with_hole(), "image/png"),
        prompt="a dog",
        n=2,
        response_format="b64_json",
        extra_body={"seed": 9},
    )
    assert len(answer.data) == 2
    for picture, green in zip(answer.data, (240, 224), strict=True):
        changed = opened(picture)
        assert np.abs(changed[:, :32] - (10, 200, 90)).max() <= MARKED
        assert np.abs(changed[:, 40:] - (9, green, 0)).max() <= MARKED
    assert answer.notes == [] or "reads the picture roughly" in answer.notes[0]


def test_an_edit_of_the_transparent_part(client):
    answer = client.images.edit(
        image=("photo.png", with_hole(), "image/png"),
        prompt="a dog",
        response_format="b64_json",
        size="256x256",
        extra_body={"seed": 9},
    )
    assert answer.size == "256x256"
    assert np.abs(opened(answer.data[0])[:, :100] - (10, 200, 90)).max() <= MARKED


def test_an_edit_without_a_mask_is_a_variation_that_says_so(client):
    answer = client.images.edit(image=[FILE], prompt="a dog", input_fidelity="high")
    assert "so all of it may change: this is a variation with the prompt." in answer.notes[-1]
    file = httpx.get(answer.data[0].url).content
    with Image.open(io.BytesIO(file)) as image:
        assert json.loads(image.text["ninefold"])["edit"] == {"kind": "vary", "strength": 0.7}


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # theirs, of this method
def test_variations(client):
    answer = client.images.create_variation(
        image=FILE, n=3, size="256x256", extra_body={"strength": 0.2, "seed": 4}
    )
    assert (len(answer.data), answer.size, answer.seed) == (3, "256x256", 4)


@pytest.mark.parametrize(
    ("path", "fields", "files", "parameter", "sentence"),
    [
        (EDITS, {"prompt": "a dog"}, {}, "image", "image is missing; send one picture as a file."),
        (EDITS, {"image": "text"}, {}, "image", "image must be one picture, sent as a file; 1"),
        (EDITS, {"n": "0"}, {"image": FILE}, "n", "n is 0; it must be a whole number from 1 to"),
        (EDITS, {"n": "two"}, {"image": FILE}, "n", "n is 'two'; it must be a whole number"),
        (EDITS, {"stream": "true"}, {"image": FILE}, "stream", "stream is true, which is not done"),
        (EDITS, {"brush": "3"}, {"image": FILE}, "brush", "Unknown parameter: 'brush'; choose"),
        (VARIATIONS, {"strength": "7"}, {"image": FILE}, "strength", "strength is 7.0; it must be"),
        (VARIATIONS, {"strength": "9"}, {"image": b"text"}, "strength", "strength is 9.0; it must"),
        (VARIATIONS, {}, {"image": b"text"}, "image", "image cannot be used. The file's first byt"),
        (VARIATIONS, {}, {"image": wide(8000, 5000)}, "image", "image cannot be used. The picture"),
        (
            EDITS,
            {"prompt": "a dog"},
            {"image": FILE, "mask": encode(Image.new("L", (8, 8)))},
            "mask",
            "The mask is empty, so nothing would change",
        ),
        (
            EDITS,
            {"prompt": "a dog"},
            {"image": FILE, "mask": encode(Image.new("L", (8, 8), 255))},
            "mask",
            "The mask covers the whole picture",
        ),
        (VARIATIONS, {}, {"image": encode(Image.new("RGB", (1, 1)))}, None, "The picture has 1 x"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_form_that_cannot_be_done_is_a_400_that_says_so(
    quick_app, path, fields, files, parameter, sentence
):
    # A form of fields alone needs a file to be one of several parts.
    answer = httpx.post(f"{quick_app}{path}", data=fields, files=files or {"mask": b""})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["message"].startswith(sentence)
    assert error["param"] == parameter


def test_a_body_that_is_no_form(quick_app):
    assert httpx.post(f"{quick_app}{EDITS}", json={"prompt": "a cat"}).status_code == 415
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = httpx.post(f"{quick_app}{EDITS}", content=b"nonsense", headers=kind)
    assert answer.status_code == 400
    assert "error" in answer.json()


def test_a_strict_server_wants_a_mask():
    engine = LocalEngine(FakePipeline, 5)
    engine.start()
    engine.wait_until_settled()
    with TestClient(Starlette(routes=make_routes(engine, strict=True))) as client:
        answer = client.post(EDITS, data={"prompt": "a dog"}, files={"image": FILE})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "mask")


def test_their_client_raises_its_own_error(client):
    with pytest.raises(openai.BadRequestError, match="image cannot be used"):
        client.images.edit(image=b"x", prompt="a cat")
