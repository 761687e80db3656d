"""What the running app does with input: computed beside the event loop, never fetched or logged."""

import json
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dalle.serving.api.endpoints import GENERATE as PARAMETERS
from tests.fakes.hostile import API, OPENAI
from tests.fakes.pictures import data_uri, wide
from tests.fakes.witness import ASKED, BESIDE
from tests.serving.conftest import ROOT, serving

PICTURE = data_uri(wide(8, 8))
CANARY = "a very private pear"
NOT_FETCHED = "Nothing is fetched from other addresses"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("witness") / "log"


@pytest.fixture(scope="module")
def client(log: Path) -> Iterator[httpx.Client]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECONDS_PER_FRAME", "0")
        patch.setenv("LOG", str(log))
        with (
            serving("-m", "tests.fakes.witness") as address,
            httpx.Client(base_url=address, timeout=60) as client,
        ):
            yield client


Ask = Callable[[httpx.Client, Any], str]


def call(name: str, **arguments: Any) -> Ask:
    """A function that calls an endpoint by name, `...` among the arguments being the input."""

    def ask(client: httpx.Client, given: Any) -> str:
        filled = {key: fill(value, given) for key, value in arguments.items()}
        answer = client.post(f"{API}/call/v2/{name}", json=filled)
        if answer.status_code != 200:
            return answer.text
        return client.get(f"{API}/call/{name}/{answer.json()['event_id']}").text

    return ask


def fill(value: Any, given: Any) -> Any:
    return given if value is ... else [given] if value == [...] else value


def call_by_place(client: httpx.Client, given: Any) -> str:
    answer = client.post(
        f"{API}/call/generate", json={"data": [given, *[None] * (len(PARAMETERS) - 1)]}
    )
    return client.get(f"{API}/call/generate/{answer.json()['event_id']}").text


def openai_form(client: httpx.Client, given: Any) -> str:
    return client.post(OPENAI, json={"prompt": given}).text


def mcp(tool: str, **arguments: Any) -> Ask:
    """A function that calls a tool of the MCP server."""

    def ask(client: httpx.Client, given: Any) -> str:
        filled = {key: fill(value, given) for key, value in arguments.items()}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
        body["params"] = {"name": tool, "arguments": filled}
        accept = {"Accept": "application/json, text/event-stream"}
        return client.post(f"{API}/mcp/", json=body, headers=accept).text

    return ask


def page_function(name: str, **arguments: Any) -> Ask:
    """A function that calls one of those that the browser asks for between two drawings."""

    def ask(client: httpx.Client, given: Any) -> str:
        components = client.get("/config").json()["components"]
        here = next(c["id"] for c in components if name in json.dumps(c["props"]))
        body = {"component_id": here, "session_hash": "a", "fn_name": name}
        body["data"] = {key: fill(value, given) for key, value in arguments.items()}
        return client.post(f"{API}/component_server", json=body).text

    return ask


def page_event(client: httpx.Client, given: Any) -> str:
    """The event of the page whose input is the prompt: the words that the model does not know."""
    config = client.get("/config").json()
    event = next(d for d in config["dependencies"] if len(d["inputs"]) == 2 and not d["queue"])
    body = {"data": [given, given], "fn_index": event["id"], "session_hash": "b"}
    joined = client.post(f"{API}/queue/join", json=body)
    return joined.text + client.post(f"{API}/run/x", json=body | {"fn_index": event["id"]}).text


SENDING = ("restore", "pick", "offer", "open", "alter", "generate_again", "generate_refused")


def page_sends(client: httpx.Client, name: str, sent: Any) -> str:
    """What the page is told after an event whose function has that name."""
    config = client.get("/config").json()
    event = next(d for d in config["dependencies"] if d["api_name"].startswith(name))
    body = {"data": [None] * len(event["inputs"]), "fn_index": event["id"], "event_data": sent}
    session = {"session_hash": secrets.token_hex(5)}
    client.post(f"{API}/queue/join", json=body | session).raise_for_status()
    return client.get(f"{API}/queue/data", params=session).text


def upload(client: httpx.Client, given: Any) -> str:
    png = b"\x89PNG\r\n\x1a\n" + str(given).encode()
    return client.post(f"{API}/upload", files={"files": ("a.png", png)}).text


COMPUTING = {
    "openai": openai_form,
    "generate": call("generate", prompt=...),
    "negative prompt": call("generate", prompt="a cat", negative_prompt=...),
    "by place": call_by_place,
    "picture": call("picture", prompt=...),
    "rank": call("rank", prompt=..., pictures=[PICTURE]),
    "rank's pictures": call("rank", prompt="a cat", pictures=[PICTURE]),
    "mcp generate": mcp("generate", prompt=...),
    "mcp rank's pictures": mcp("rank", prompt="a cat", pictures=[PICTURE]),
    "read_picture": page_function("read_picture", content="AAAA"),
    "upload": upload,
}


@pytest.mark.parametrize("name", COMPUTING)
def test_it_is_computed_beside_the_event_loop(client: httpx.Client, name: str) -> None:
    assert BESIDE in COMPUTING[name](client, f"{ASKED} is it computed?")
    assert client.get("/healthz").text == "alive\n"


# Apart from here: gradio leaves an event loop open when it builds a page.
FUNCTIONS = """
import inspect
from dalle.engine.engine import LocalEngine
from dalle.serving.api.endpoints import add_api
from dalle.serving.page.controller import PageController
from dalle.serving.page.page import build_page
from tests.fakes.engine import FakePipeline, make_site
engine = LocalEngine(FakePipeline, 5)
page = build_page(PageController(engine), make_site(engine), lambda: add_api(engine, {}))
functions = [one.fn for one in page.fns.values() if one.fn]
for block in page.blocks.values():
    functions += getattr(block, "server_fns", None) or []
kinds = inspect.iscoroutinefunction, inspect.isasyncgenfunction
print(len(functions), [one for one in functions if any(kind(one) for kind in kinds)])
"""


def test_no_function_of_the_page_runs_in_the_event_loop() -> None:
    command = [sys.executable, "-c", FUNCTIONS]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    count, inside = told.splitlines()[-1].split(" ", 1)
    assert int(count) > 20
    assert inside == "[]"


GENERATE = ("prompt", "seed", "candidates", "keep", "condition_scale", "temperature", "top_k",
            "top_p", "negative_prompt", "only", "model", "precision")  # fmt: skip
FIELDS = {
    **{f"generate {name}": call("generate", **{"prompt": "a cat", name: ...}) for name in GENERATE},
    "by place": call_by_place,
    "picture": call("picture", prompt=...),
    "picture's seed": call("picture", prompt="a cat", seed=...),
    "rank": call("rank", prompt=..., pictures=[PICTURE]),
    "rank's list": call("rank", prompt="a cat", pictures=...),
    "rank's pictures": call("rank", prompt="a cat", pictures=[...]),
    "openai": openai_form,
    "mcp generate": mcp("generate", prompt=...),
    "mcp rank": mcp("rank", prompt="a cat", pictures=[...]),
    "read_picture": page_function("read_picture", content=...),
    "write_snippets": page_function("write_snippets", address=..., prompt=..., compact=...),
    "page event": page_event,
}


@pytest.mark.parametrize("name", FIELDS)
def test_an_address_in_a_field_is_not_fetched(client: httpx.Client, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/b"
        file = {"path": address, "meta": {"_type": "gradio.FileData"}}
        forms = [file, file | {"url": address}, [[file]], {"a": {"b": [file]}}]
        forms.append({"path": "a.png", "url": address, "meta": {"_type": "gradio.FileData"}})
        answers = [FIELDS[name](client, form) for form in forms]
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody connected
            listening.accept()
    if name.startswith(("generate", "picture", "rank")):
        assert NOT_FETCHED in answers[0]
        assert NOT_FETCHED in answers[3]


def test_what_was_typed_is_not_logged_and_folders_are_not_told(
    client: httpx.Client, log: Path
) -> None:
    event = client.post(f"{API}/call/generate", json={"data": [CANARY, 7]}).json()["event_id"]
    told = client.get(f"{API}/call/generate/{event}").text
    assert "The call does not fit (ValueError)" in told
    told += call("generate", prompt={"path": CANARY, "meta": {"_type": "gradio.FileData"}})(
        client, 0
    )
    assert "InvalidPathError" in told
    told += client.post(f"{API}/run/generate", json={"data": [CANARY]}).text
    told += page_function("write_snippets")(client, 0)
    mcp(CANARY)(client, 0)
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    body["params"] = {"name": "generate", "arguments": [CANARY]}
    accept = {"Accept": "application/json, text/event-stream"}
    client.post(f"{API}/mcp/", json=body, headers=accept)
    component = {"component_id": 1, "session_hash": "a", "fn_name": "x", "data": CANARY}
    told += client.post(f"{API}/component_server", json=component).text
    assert str(Path.cwd()) not in told
    logged = log.read_text()
    assert CANARY not in logged
    assert "an assistant's call was not understood" in logged
    assert "an event failed: ValueError in " in logged


@pytest.mark.parametrize("asked", [None, 7, "a", ["a"], {}, {"address": 5}, {"theme": {}}])
def test_a_function_of_the_page_answers_odd_input_with_a_sentence(
    client: httpx.Client, asked: Any
) -> None:
    components = client.get("/config").json()["components"]
    for name in ("write_snippets", "read_picture", "rejected", "rank_again", "pack", "reveal"):
        here = next(c["id"] for c in components if name in json.dumps(c["props"]))
        body = {"component_id": here, "session_hash": "a", "fn_name": name, "data": asked}
        answer = client.post(f"{API}/component_server", json=body)
        assert answer.status_code == 200, (name, answer.text)
        assert answer.json()["error"]


@pytest.mark.parametrize(("number", "name"), [(10**9, "x"), (-1, "render"), (1, "__init__")])
def test_a_component_that_is_not_there_is_a_404(
    client: httpx.Client, number: int, name: str
) -> None:
    body = {"component_id": number, "session_hash": "a", "fn_name": name, "data": None}
    answer = client.post(f"{API}/component_server", json=body)
    assert answer.status_code == 404, answer.text
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "sent",
    [None, 7, "a", [], {}, {"index": 10**9, "kind": "examples"}, {"index": [], "kind": {}},
     {"query": 7, "source": []}, {"text": 7, "more": 7}, {"picture": [7]}, {"wish": "a"},
     {"wish": {"name": {}, "kind": []}}, {"wish": {"picture": {}, "kind": "vary"}}],
)  # fmt: skip
def test_an_event_of_the_page_that_does_not_fit_is_a_sentence_and_not_logged(
    client: httpx.Client, log: Path, sent: Any
) -> None:
    before = len(log.read_text())
    told = {name: page_sends(client, name, sent) for name in SENDING}
    assert "AttributeError" not in str(told)
    assert "IndexError" not in str(told)
    assert log.read_text()[before:] == ""
