"""Calls of an endpoint over plain HTTP."""

import json
from collections.abc import Mapping
from typing import Any

import httpx


def call(
    quick_app: str, endpoint: str, arguments: Any, headers: Mapping[str, str] | None = None
) -> list[tuple[str, Any]]:
    """The events that a call by name gets over plain HTTP: each kind and its data."""
    posted = httpx.post(
        f"{quick_app}/gradio_api/call/v2/{endpoint}",
        content=json.dumps(arguments),
        headers={"Content-Type": "application/json", **(headers or {})},
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
