"""The OpenAI form of the API: their own client against it, and their form of every refusal."""

import base64
import io
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dalle.engine.engine import LocalEngine
from dalle.engine.model_pool import ModelInfo, ModelPool
from dalle.errors import DalleError, FaultError
from dalle.generation.result import Preview
from dalle.serving.api import openai_images
from dalle.serving.api.openai_images import PATH, explain, last_frame, make_routes
from dalle.serving.http.turns import Turns
from tests.fakes.apart import run_apart
from tests.fakes.engine import FakePipeline
from tests.fakes.orders import ask


@pytest.fixture(scope="module")
def client(quick_app: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{quick_app}/v1", api_key="any", max_retries=0) as client:
        yield client


JSON = {"Content-Type": "application/json"}


def refused(quick_app: str, body: Any) -> dict[str, Any]:
    """The error of a request that gets a 400."""
    content = body if isinstance(body, str) else json.dumps(body)
    answer = httpx.post(f"{quick_app}{PATH}", content=content, headers=JSON)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    return error


def test_addresses_of_pictures(client):
    before = int(time.time())
    answer = client.images.generate(prompt="a cat", n=2, extra_body={"seed": 7})
    assert answer.created >= before
    assert (answer.size, answer.output_format, answer.background) == ("64x64", "png", "opaque")
    assert len(answer.data) == 2
    file = httpx.get(answer.data[0].url)
    assert file.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(file.content)) as image:
        # The invisible mark changes pixels by a few levels.
        assert image.getpixel((0, 0)) == pytest.approx((7, 240, 0), abs=6)
        assert json.loads(image.text["ninefold"])["candidate"] == 15
    assert (answer.data[0].candidate, answer.data[0].score) == (15, 15.0)


def test_pictures_in_base64(client):
    answer = client.images.generate(
        prompt="a cat", size="64x64", response_format="b64_json", model="fake", quality="standard"
    )
    [picture] = answer.data
    assert picture.url is None
    with Image.open(io.BytesIO(base64.b64decode(picture.b64_json))) as image:
        assert (image.format, image.size) == ("PNG", (64, 64))
        assert json.loads(image.text["ninefold"])["candidate"] == 15


def test_the_same_seed_gives_the_same_bytes(client):
    wanted = {"prompt": "a cat", "response_format": "b64_json", "extra_body": {"seed": 5}}
    first, second = (client.images.generate(**wanted).data[0].b64_json for _ in range(2))
    assert first == second


def test_what_is_null_or_means_nothing_here_is_as_if_left_out(client):
    answer = client.images.generate(
        prompt="a cat", n=None, size="auto", style=None, background="opaque", user="somebody",
        moderation="auto", stream=False,
    )  # fmt: skip
    assert len(answer.data) == 1


def test_another_model_generates(client):
    answer = client.images.generate(prompt="a cat", model="other")
    assert answer.model == "other"


def test_the_model_is_listed(client):
    assert [model.id for model in client.models.list()] == ["fake", "other"]


@pytest.mark.parametrize(
    ("asked", "parameter", "sentence"),
    [
        ({"prompt": ""}, "prompt", "The prompt is empty; write a few words"),
        ({"prompt": None}, "prompt", "The prompt is empty; write a few words"),
        ({"prompt": 5}, "prompt", "prompt is 5; it must be text."),
        ({"prompt": "x" * 2_001}, "prompt", "prompt has 2001 characters; at most 2000"),
        ({"prompt": "\ud83d"}, "prompt", "prompt holds half a character"),
        ({"prompt": "fail"}, None, "This prompt fails; choose another one."),
        ({"n": 0}, "n", "n is 0; it must be a whole number from 1 to 10."),
        ({"n": 11}, "n", "n is 11; it must be a whole number from 1 to 10."),
        ({"n": "2"}, "n", "n is '2'; it must be a whole number from 1 to 10."),
        ({"n": True}, "n", "n is True; it must be a whole number from 1 to 10."),
        ({"n": 10, "candidates": 9}, "n", "n is 10; it must be a whole number from 1 to the"),
        ({"size": "big"}, "size", "size is 'big'; it must be auto, or width and height"),
        ({"size": 64}, "size", "size is 64; it must be auto, or width and height"),
        ({"size": ["64x64"]}, "size", "size is ['64x64']; it must be auto, or width and"),
        ({"response_format": "gif"}, "response_format", "response_format is 'gif'; it must be url"),
        ({"response_format": {}}, "response_format", "response_format is {}; it must be url or"),
        ({"stream": True}, "stream", "stream is true, which is not done here; leave it out or"),
        ({"mask": "x"}, "mask", "Unknown parameter: 'mask'; choose among prompt, model, n, size"),
        ({"seed": -1}, "seed", "seed is -1; it must be a whole number from 0 to 4294967295."),
        ({"temperature": "hot"}, "temperature", "temperature is 'hot'; it must be a number"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_not_done_is_a_400_that_says_so(quick_app, asked, parameter, sentence):
    error = refused(quick_app, {"prompt": "a cat", **asked})
    assert error["message"].startswith(sentence)
    assert error["param"] == parameter


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("{", "The body is no JSON that can be read"),
        ("", "The body is no JSON that can be read"),
        ("[" * 40, "The body is no JSON that can be read"),
        ('["a cat"]', "The body must be a JSON object"),
        ('{"prompt": "' + "x" * 300_000 + '"}', "The body is too long; at most 262144 bytes"),
    ],
    ids=lambda value: value[:20],
)
def test_a_body_that_is_none(quick_app, body, sentence):
    assert refused(quick_app, body)["message"].startswith(sentence)


# What their clients send without being told to.
USUAL = [
    ({"size": "1024x1024"}, "1024x1024", "Drawn with 64x64 pixels, and resized to 1024x1024."),
    ({"size": "512x512"}, "512x512", "resized to 512x512"),
    ({"size": "1792x1024"}, "1024x1024", "resized to 1024x1024"),
    ({"size": "4096x4096"}, "1024x1024", "resized to 1024x1024"),
    ({"size": "1x1"}, "64x64", None),
    ({"model": "dall-e-3"}, "64x64", "There is no model 'dall-e-3' here; fake drew this."),
    ({"model": ["a"]}, "64x64", "There is no model ['a'] here; fake drew this."),
    ({"quality": "medium"}, "64x64", 'quality is "medium", which is not done here; it was ignored'),
    ({"style": "vivid"}, "64x64", 'style is "vivid", which is not done here; it was ignored.'),
    ({"background": "transparent"}, "64x64", 'background is "transparent", which is not done'),
    ({"output_format": "webp", "output_compression": 80}, "64x64", 'output_format is "webp"'),
    ({"partial_images": 2}, "64x64", "partial_images is 2, which is not done here; it was"),
]


@pytest.mark.parametrize(("asked", "size", "note"), USUAL, ids=lambda value: str(value)[:30])
def test_what_their_clients_send_is_answered_and_told(quick_app, asked, size, note):
    body = {"prompt": "a cat", "response_format": "b64_json", **asked}
    answer = httpx.post(f"{quick_app}{PATH}", json=body, timeout=60).json()
    assert answer["size"] == size
    with Image.open(io.BytesIO(base64.b64decode(answer["data"][0]["b64_json"]))) as image:
        assert f"{image.width}x{image.height}" == size
    if note:
        assert note in answer["notes"][0]
    else:
        assert answer["notes"] == []


STRICT = [
    ({"size": "1024x1024"}, "size", "size is 1024x1024; this model draws 64x64, so ask"),
    ({"model": "dall-e-3"}, "model", "model is 'dall-e-3'; it must be fake or other, or"),
    ({"quality": "hd"}, "quality", 'quality is "hd", which is not done here; leave it out or'),
    ({"style": "vivid"}, "style", 'style is "vivid", which is not done here; leave it out.'),
    ({"partial_images": 2}, "partial_images", "partial_images is 2, which is not done here"),
]


@pytest.mark.parametrize(("asked", "parameter", "sentence"), STRICT)
def test_a_strict_server_refuses_it(started, asked, parameter, sentence):
    with TestClient(Starlette(routes=make_routes(started, strict=True))) as client:
        answer = client.post(PATH, json={"prompt": "a cat", **asked})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, parameter)
    assert error["message"].startswith(sentence)


@pytest.fixture(scope="module")
def started() -> LocalEngine:
    """An engine that draws."""
    pool = ModelPool()
    pool.add(ModelInfo("other"))
    engine = LocalEngine(FakePipeline, 5, pool)
    engine.start()
    engine.wait_until_settled()
    return engine


def test_their_client_raises_its_own_errors(client):
    with pytest.raises(openai.BadRequestError, match="size is 'big'; it must be auto, or width"):
        client.images.generate(prompt="a cat", size="big")
    with pytest.raises(openai.InternalServerError, match=r"Drawing failed \(RuntimeError\)") as got:
        client.images.generate(prompt="break")
    assert "secret" not in str(got.value)


def test_other_doors_of_theirs_are_a_404_that_says_so(client):
    with pytest.raises(openai.NotFoundError, match=f"is not done here; POST {PATH}, .*edits and"):
        client.audio.speech.create(input="a cat", model="tts", voice="alloy")
    with pytest.raises(openai.NotFoundError) as refused:
        client.files.content("your account is locked")
    assert "account" not in str(refused.value)  # anybody may have written the address


def test_too_many_are_asked_to_come_again():
    engine = LocalEngine(FakePipeline, 0)  # never started: whoever comes waits
    waiting = ask(engine, "a cat")
    next(waiting)
    with TestClient(Starlette(routes=make_routes(engine))) as client:
        assert client.get("/v1/models").json() == {"object": "list", "data": []}
        answer = client.post(PATH, json={"prompt": "a dog", "model": "any until one draws"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    error = answer.json()["error"]
    assert error["message"].startswith("1 requests are waiting, and no more are taken")
    assert (error["type"], error["code"]) == ("server_error", "overloaded")


def test_a_visitor_has_two_answers_resized_at_a_time(started, monkeypatch):
    turns = Turns(at_once=3)
    monkeypatch.setattr(openai_images, "_resizing", turns)
    routes = Starlette(routes=make_routes(started))
    asked = {"prompt": "a cat", "n": 1, "seed": 1, "response_format": "b64_json"}
    with (
        TestClient(routes, client=("192.0.2.1", 1)) as client,
        TestClient(routes, client=("192.0.2.2", 1)) as another,
    ):
        with turns.take("visitor 192.0.2.1"), turns.take("visitor 192.0.2.1"):
            answer = client.post(PATH, json=asked | {"size": "128x128"})
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
            assert answer.json()["error"]["code"] == "overloaded"
            assert client.post(PATH, json=asked).status_code == 200  # nothing to resize
            assert another.post(PATH, json=asked | {"size": "128x128"}).status_code == 200
        assert client.post(PATH, json=asked | {"size": "128x128"}).status_code == 200


def test_a_fault_of_the_server_is_a_500_and_a_mistake_a_400():
    assert explain(FaultError("The model could not be loaded.")).status == 500
    assert explain(DalleError("Choose another prompt.")).status == 400


def test_a_request_left_is_not_generated():
    class Gone:
        async def is_disconnected(self) -> bool:
            return True

    pipeline = FakePipeline(seconds=0.05)
    engine = LocalEngine(lambda: pipeline, 5)
    engine.start()
    engine.wait_until_settled()
    assert run_apart(last_frame(Gone(), ask(engine, "a cat"))) is None
    *_, result = ask(engine, "a dog")
    assert not isinstance(result, Preview)
    assert pipeline.generated[2:] == ["a dog"]  # after those to warm up


def test_a_mistake_is_logged_without_its_words(caplog: pytest.LogCaptureFixture):
    with pytest.raises(ValueError, match="pear") as raised:
        raise ValueError("a very private pear")
    assert explain(raised.value).status == 500
    assert "a request failed: ValueError in " in caplog.text
    assert "pear" not in caplog.text
