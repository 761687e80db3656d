"""The endpoints as programs call them: what they take and return, and what a mistake gets."""

import base64
import json
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from dalle.engine.engine import LocalEngine
from dalle.engine.status import ModelProgress
from dalle.errors import DalleError
from dalle.serving.api.endpoints import describe_server
from dalle.settings import LIMITS
from tests.fakes.engine import FakePipeline
from tests.serving.api.calls import call


@pytest.fixture(scope="module")
def client(quick_app: str) -> Client:
    return Client(quick_app, verbose=False)


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
    knobs = [
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
        ("stand_ins", "None | bool", True),
    ]
    picture, prompt = ("picture", "str", False), ("prompt", "str", True)
    assert parameters == {
        "/generate": [("prompt", "str", False), *knobs],
        "/vary": [picture, prompt, ("strength", "float", True), *knobs],
        "/edit": [picture, ("mask", "str", False), prompt, *knobs],
        "/extend": [picture, ("side", "str", False), prompt, *knobs],
        "/tile": [picture, prompt, *knobs],
        "/enlarge": [picture, ("times", "int", True), ("model", "None | str", True)],
        "/picture": [("prompt", "str", False), ("seed", "None | int", True)],
        "/rank": [("prompt", "str", False), ("pictures", "list[str]", False)],
        "/status": [],
    }


def test_every_endpoint_and_parameter_is_described(quick_app):
    endpoints = httpx.get(f"{quick_app}/gradio_api/info").json()["named_endpoints"]
    for name, endpoint in endpoints.items():
        assert len(endpoint["description"]) > 30, name
    tools = httpx.get(f"{quick_app}/gradio_api/mcp/schema").json()
    generating = {"generate", "picture", "vary", "edit", "extend", "tile", "enlarge"}
    assert {tool["name"] for tool in tools} == generating | {"rank", "status"}
    for tool in tools:
        for name, parameter in tool["inputSchema"]["properties"].items():
            assert len(parameter["description"]) > 12, (tool["name"], name)


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


def test_a_single_candidate_is_generated_again(client):
    pictures, done, _ = client.predict(prompt="a cat", seed=7, only=[12], api_name="/generate")
    assert [picture["candidate"] for picture in pictures] == [12]
    assert done["settings"]["only"] == [12]


def test_previews_come_on_the_way(client):
    frames = list(client.submit(prompt="a cat", keep=4, api_name="/generate"))
    with_sheet = [frame for frame in frames if frame[2]]
    assert [done["stage"] for _, done, _ in with_sheet] == [
        "drawing", "drawing", "drawing", "ranking", "done",
    ]  # fmt: skip
    assert [done["fraction"] for _, done, _ in with_sheet] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert [len(pictures) for pictures, _, _ in with_sheet] == [0, 0, 0, 0, 4]
    for _, _, sheet in with_sheet:
        with Image.open(sheet) as image:
            assert image.format == ("PNG" if sheet == with_sheet[-1][2] else "JPEG")


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

    engine = LocalEngine(load, 5)
    engine.model_progress = ModelProgress("mini", "downloading", 1, 3, 5, 10)
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


def test_status_names_the_machine_and_an_accelerator_that_idles(monkeypatch):
    monkeypatch.setattr("dalle.engine.engine.idle_notice", lambda: "a GPU idles.")
    engine = LocalEngine(FakePipeline, 5)
    assert describe_server(engine)["machine"] == {"kind": None, "idle_accelerator": None}
    engine.start()
    engine.wait_until_settled()
    machine = describe_server(engine)["machine"]
    assert machine["idle_accelerator"] == "a GPU idles."
    assert machine["kind"] == engine.active_model.machine
