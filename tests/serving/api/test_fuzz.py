"""Made-up requests in the form of our OpenAPI document, and against it: none breaks the server."""

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.fakes.hostile import API, OPENAI
from tests.serving.conftest import serving
from tests.serving.http.test_hostile import memory

EXAMPLES = 15  # of each operation
SECONDS = 20  # that one request may take, on a busy machine too
PEAK = 400  # megabytes that the server may take more at any moment
LEAST = 150  # requests in all
QUEUE_SIZE = 50
FIRST_ROUNDS = 2  # after which the server has nearly all that it keeps
GROWTH = 5  # megabytes that the same requests may add when they come once more
# The streams of events that really exist are left out: who listens twice waits, by gradio's design.
CONFIG = """
[phases.fuzzing.extra-data-sources]
responses = false
"""
# What gradio's document does not know of.
ORDER = {
    "prompt": {"type": "string", "maxLength": 300},
    "model": {"type": "string", "enum": ["fake", "other"]},
    "n": {"type": "integer", "minimum": 1, "maximum": 10},
    "size": {"type": "string", "enum": ["auto", "64x64", "1024x1024"]},
    "response_format": {"type": "string", "enum": ["url", "b64_json"]},
    "quality": {"type": "string"},
    "user": {"type": "string"},
    "seed": {"type": "integer"},
    "candidates": {"type": "integer"},
    "condition_scale": {"type": "number"},
    "temperature": {"type": "number"},
    "top_k": {"type": "integer"},
    "top_p": {"type": "number"},
    "negative_prompt": {"type": "string"},
}


def operation(**more: object) -> dict:
    return {"responses": {"200": {"description": "done"}}, **more}


def our_document(client: httpx.Client) -> dict:
    """Gradio's document of the API, and what we serve beside it."""
    document = client.get(f"{API}/openapi.json").json()
    schema = {"type": "object", "properties": ORDER, "required": ["prompt"]}
    schema["additionalProperties"] = False
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    document["paths"][OPENAI] = {"post": operation(requestBody=body)}
    for path in ("/v1/models", "/healthz", "/readyz", "/metrics"):
        document["paths"][path] = {"get": operation()}
    return document


def fuzz(address: str, folder: Path) -> str:
    """What schemathesis tells of a run; its caches stay in the folder."""
    command = [
        Path(sys.executable).with_name("schemathesis"), "run", "openapi.json", "--url", address,
        "--checks", "not_a_server_error", "--phases", "fuzzing", "--generation-deterministic",
        "--max-examples", str(EXAMPLES), "--request-timeout", str(SECONDS), "--no-color",
    ]  # fmt: skip
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


@pytest.mark.slow
def test_no_request_breaks_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody is refused for lack of room, which would be a 503.
    monkeypatch.setenv("NINEFOLD_QUEUE_SIZE", str(QUEUE_SIZE))
    monkeypatch.setenv("NINEFOLD_MAX_WAIT", "3600")
    monkeypatch.setenv("SECONDS_PER_FRAME", "0.001")
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    with (
        serving("-m", "tests.fakes.engine") as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        (tmp_path / "openapi.json").write_text(json.dumps(our_document(client)))
        # What is kept of sessions, as many as there may be, is there before.
        for _ in range(QUEUE_SIZE + 20):
            event = client.post(f"{API}/call/v2/status", json={}).json()["event_id"]
            client.get(f"{API}/call/status/{event}")
        start = memory(client)
        for _ in range(FIRST_ROUNDS):
            fuzz(address, tmp_path)
        before = memory(client)
        assert before - start < PEAK
        told = fuzz(address, tmp_path)
        growth = memory(client) - before
        count = int(re.search(r"(\d+) generated", told)[1])
        print(f"{count} requests, once more: {growth:+.1f} MB")
        assert count >= LEAST
        assert growth < GROWTH
        good = client.post(OPENAI, json={"prompt": "a cat", "n": 1})
        assert good.status_code == 200, good.text
