"""Callers of the OpenAI form who leave before they have sent all."""

from typing import Any

import pytest

from dalle.engine.engine import LocalEngine
from dalle.serving.api.openai_forms import EDITS
from dalle.serving.api.openai_images import PATH, make_routes
from tests.fakes.apart import run_apart
from tests.fakes.engine import FakePipeline


@pytest.mark.parametrize("path", [PATH, EDITS])
def test_who_leaves_in_the_middle_of_a_body_is_no_fault_in_the_log(path, caplog):
    routes = make_routes(LocalEngine(FakePipeline, 5))
    route = next(route for route in routes if route.path == path)
    messages = iter(
        [
            {"type": "http.request", "body": b"--x\r\n", "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    sent = []

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    kind = (b"content-type", b"multipart/form-data; boundary=x")
    scope = {"type": "http", "method": "POST", "path": path, "headers": [kind]}
    run_apart(route.app(scope, receive, send))
    assert sent[0]["status"] == 499
    assert caplog.text == ""
