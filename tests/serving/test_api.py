"""The endpoints as programs call them: what they take and return, and what a mistake gets."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from dalle.errors import DalleError
from dalle.serving.api import describe_server
from dalle.serving.engine import Coming, Engine
from dalle.settings import LIMITS
from tests.serving.fake import FakePipeline


@pytest.fixture(scope="module")
def client(quick_app: str) -> Client:
    return Client(quick_app, verbose=False)


def call(quick_app: str, endpoint: str, arguments: Any) -> list[tuple[str, Any]]:
    """The events that a call by name gets over plain HTTP: each kind and its data."""
    posted = httpx.post(
        f"{quick_app}/gradio_api/call/v2/{endpoint}",
        content=json.dumps(arguments),
        headers={"Content-Type": "application/json"},
    )
    assert posted.status_code == 200, posted.text
    event = posted.json()["event_id"]
    stream = httpx.get(f"{quick_app}/gradio_api/call/{endpoint}/{event}", timeout=60).text
    blocks = [block.split("\n", 1) for block in stream.strip().split("\n\n")]
    return [
        (kind.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for kind, data in blocks
    ]


def failure(quick_app: str, endpoint: str, arguments: Any) -> str:
    [(kind, data)] = call(quick_app, endpoint, arguments)
    assert kind == "error"
    return data["error"]


MARKED = 6  # of 255: what the invisible mark may change of a pixel


# The contract of version 1: whoever changes one of these lines breaks somebody's program.


def test_the_endpoints_and_their_parameters(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    parameters = {
        name: [
            (p["parameter_name"], p["python_type"]["type"], p["parameter_has_default"])
            for p in endpoint["parameters"]
        ]
        for name, endpoint in endpoints.items()
    }
    assert parameters == {
        "/generate": [
            ("prompt", "str", False),
            ("seed", "None | int", True),
            ("candidates", "None | int", True),
            ("keep", "None | int", True),
            ("condition_scale", "None | float", True),
            ("temperature", "None | float", True),
            ("top_k", "None | int", True),
            ("top_p", "None | float", True),
            ("negative_prompt", "str", True),
            ("only", "None | list[int]", True),
            ("model", "None | str", True),
            ("precision", "None | str", True),
        ],
        "/picture": [("prompt", "str", False), ("seed", "None | int", True)],
        "/rank": [("prompt", "str", False), ("pictures", "list[str]", False)],
        "/status": [],
    }


def test_every_endpoint_and_parameter_is_described(quick_app):
    endpoints = httpx.get(f"{quick_app}/gradio_api/info").json()["named_endpoints"]
    for name, endpoint in endpoints.items():
        assert len(endpoint["description"]) > 30, name
    tools = httpx.get(f"{quick_app}/gradio_api/mcp/schema").json()
    assert {tool["name"] for tool in tools} == {"generate", "picture", "rank", "status"}
    for tool in tools:
        for name, parameter in tool["inputSchema"]["properties"].items():
            assert len(parameter["description"]) > 15, (tool["name"], name)


def test_generate_returns_pictures_what_was_done_and_a_sheet(client):
    pictures, done, sheet = client.predict(prompt="a cat", seed=7, keep=4, api_name="/generate")
    assert [picture["candidate"] for picture in pictures] == [15, 14, 13, 12]
    assert {key: pictures[0][key] for key in ("caption", "seed", "score")} == {
        "caption": "15.0 (no. 15)",
        "seed": 7,
        "score": 15.0,
    }
    with Image.open(pictures[0]["image"]) as image:
        assert image.getpixel((0, 0)) == pytest.approx((7, 240, 0), abs=MARKED)
        assert json.loads(image.text["ninefold"])["candidate"] == 15
    assert (done["version"], done["stage"], done["fraction"]) == (1, "done", 1.0)
    assert done["settings"]["keep"] == 4
    assert [picture["score"] for picture in done["pictures"]] == [15.0, 14.0, 13.0, 12.0]
    assert len(done["rejected"]) == 12
    with Image.open(sheet) as image:
        assert image.width > 2 * 64


def test_a_single_candidate_is_drawn_again(client):
    pictures, done, _ = client.predict(prompt="a cat", seed=7, only=[12], api_name="/generate")
    assert [picture["candidate"] for picture in pictures] == [12]
    assert done["settings"]["only"] == [12]


def test_previews_come_on_the_way(client):
    frames = list(client.submit(prompt="a cat", keep=4, api_name="/generate"))
    drawn = [frame for frame in frames if frame[2]]
    assert [done["stage"] for _, done, _ in drawn] == [
        "drawing", "drawing", "drawing", "ranking", "done",
    ]  # fmt: skip
    assert [done["fraction"] for _, done, _ in drawn] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert [len(pictures) for pictures, _, _ in drawn] == [0, 0, 0, 0, 4]
    for _, _, sheet in drawn:
        with Image.open(sheet) as image:
            assert image.format == ("PNG" if sheet == drawn[-1][2] else "JPEG")


def test_picture_is_the_best_one(client):
    with Image.open(client.predict("a cat", 7, api_name="/picture")) as image:
        assert image.getpixel((0, 0)) == pytest.approx((7, 240, 0), abs=MARKED)


def test_rank_takes_files_addresses_and_data(quick_app, client):
    pictures = client.predict(prompt="a cat", keep=3, api_name="/generate")[0]
    files = [picture["image"] for picture in pictures]
    data = [base64.b64encode(Path(file).read_bytes()).decode() for file in files]
    _, (tiles, _, _) = call(quick_app, "generate", {"prompt": "a cat", "keep": 3})[-1]
    for forms in (
        [handle_file(file) for file in files],
        [f"data:image/png;base64,{content}" for content in data],
        [tile["image"]["url"] for tile in tiles],
        [tile["image"]["path"] for tile in tiles],
    ):
        ranked = client.predict("dark", forms, api_name="/rank")
        assert ranked == {
            "version": 1,
            "stage": "done",
            "model": "fake",
            "prompt": "dark",
            "ranking": [
                {"picture": 2, "score": pytest.approx(-208, abs=MARKED)},
                {"picture": 1, "score": pytest.approx(-224, abs=MARKED)},
                {"picture": 0, "score": pytest.approx(-240, abs=MARKED)},
            ],
        }


def test_status_tells_the_model_the_queue_and_the_limits(client):
    status = client.predict(api_name="/status")
    assert status["version"] == 1
    assert status["ready"] is True
    assert status["model"] == {
        "name": "fake",
        "revision": None,
        "precision": None,
        "size": [64] * 2,
    }
    assert status["queue"]["waiting"] == 0
    assert status["queue"]["limit"] == 3
    assert status["limits"]["candidates"] == list(LIMITS["candidates"])
    assert status["defaults"]["candidates"] == 16
    assert (status["failure"], status["coming"]) == (None, None)
    assert (status["models"], status["precisions"]) == (["fake", "other"], [])


def test_another_model_is_asked_for(client):
    done = client.predict("a cat", model="other", api_name="/generate")[1]
    assert done["model"] == "other"


def test_status_of_a_model_that_could_not_be_loaded():
    def load() -> FakePipeline:
        raise DalleError("the folder is empty.")

    engine = Engine(load, 5)
    engine.coming = Coming("mini", "downloading", 1, 3, 5, 10)
    assert describe_server(engine)["model"] is None
    engine.start()
    engine.wait_until_settled()
    status = describe_server(engine)
    assert status["ready"] is False
    assert "the folder is empty" in status["failure"]
    assert status["coming"] == {
        "name": "mini", "stage": "downloading", "part": 1, "parts": 3, "done": 5, "total": 10,
        "failure": None,
    }  # fmt: skip


# Mistakes: our own sentences, whatever the client.


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"prompt": ""}, "The prompt is empty; write a few words about what to draw."),
        ({"prompt": " \n"}, "The prompt is empty; write a few words about what to draw."),
        ({"prompt": None}, "prompt is None; it must be text."),
        ({"prompt": ["a"]}, "prompt is ['a']; it must be text."),
        ({"prompt": "x" * 20_001}, "prompt has 20001 characters; at most 20000 are read"),
        ({"prompt": "a \ud83d"}, "prompt holds half a character"),
        ({"prompt": "fail"}, "This prompt fails; choose another one."),
        ({"prompt": "break"}, "Drawing failed (RuntimeError). Your prompt is kept"),
        ({"seed": -1}, "seed is -1; it must be a whole number from 0 to 4294967295."),
        ({"seed": "7"}, "seed is '7'; it must be a whole number"),
        ({"candidates": 8}, "candidates is 8; it must be a whole number from 9 to 64"),
        ({"candidates": 65}, "candidates is 65; it must be a whole number from 9 to 64"),
        ({"candidates": True}, "candidates is True; it must be a whole number from 9 to 64"),
        ({"keep": 17}, "keep is 17; it must be a whole number from 1 to"),
        ({"condition_scale": -1}, "condition_scale is -1; it must be a number from 0 to 100"),
        ({"temperature": {}}, "temperature is {}; it must be a number from 0 to 10."),
        ({"top_k": 257}, "top_k is 257; it must be a whole number from 0 to 256."),
        ({"top_p": float("nan")}, "top_p is nan; it must be a number from 0.01 to 1."),
        ({"negative_prompt": 5}, "negative_prompt is 5; it must be text."),
        ({"only": [1, 1]}, "only is [1, 1]; it must list candidate numbers from 0 to 63"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_generate_answers_a_mistake_with_a_sentence(quick_app, arguments, sentence):
    told = failure(quick_app, "generate", {"prompt": "a cat", **arguments})
    assert told.startswith(sentence)


def test_the_python_client_gets_the_same_sentence(client):
    with pytest.raises(AppError, match="keep is 99; it must be a whole number from 1"):
        client.predict(prompt="a cat", keep=99, api_name="/generate")


@pytest.mark.parametrize(
    ("pictures", "sentence"),
    [
        ([], "pictures is 0 long; it must be a list of 1 to 64 pictures"),
        ("x", "pictures is no list; it must be a list of 1 to 64 pictures"),
        ([5], "pictures[0] is 5; it must be a data URI"),
        (["/etc/passwd"], "pictures[0] is not on this server"),
        (["/gradio_api/file=/tmp/gradio/../../etc/passwd"], "pictures[0] is not on this server"),
        (["http://127.0.0.1:1/a.png"], "pictures[0] is not on this server"),
        ([{"path": "/etc/passwd"}], "pictures[0] is not on this server"),
        (["a\0b"], "pictures[0] is not on this server"),
        (["data:image/png;base64,AAAA"], "pictures[0] cannot be read. The file's first bytes"),
        (["data:image/png;base64,###"], "pictures[0] is no data URI that can be read"),
        (["data:image/png;base64," + "A" * 6_000_000], "pictures[0] cannot be read. The file has"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_rank_answers_a_mistake_with_a_sentence(quick_app, pictures, sentence):
    told = failure(quick_app, "rank", {"prompt": "a cat", "pictures": pictures})
    assert told.startswith(sentence)


def test_a_small_file_with_many_pixels_is_refused(quick_app, tmp_path):
    bomb = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(bomb)
    uri = f"data:image/png;base64,{base64.b64encode(bomb.read_bytes()).decode()}"
    told = failure(quick_app, "rank", {"prompt": "a cat", "pictures": [uri]})
    assert told.startswith("pictures[0] cannot be read. The picture has far too many pixels")


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("call/v2/generate", {"seed": 7}, 400, "No value provided for required argument: prompt"),
        ("call/v2/generate", {"prompt": "a", "cfg": 7}, 400, "`cfg` is not a valid key-word"),
        ("call/v2/paint", {}, 404, "There is no endpoint named /paint"),
        ("call/paint", {"data": []}, 404, "There is no endpoint named /paint"),
    ],
)
def test_a_call_that_fits_no_endpoint_is_told_so(quick_app, path, body, status, sentence):
    answer = httpx.post(f"{quick_app}/gradio_api/{path}", json=body)
    assert answer.status_code == status
    assert sentence in answer.json()["detail"]
