"""A replica and how it is reached: what travels between machines, and what is missing."""

import asyncio
import copy
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dalle.engine.admission import BusyError
from dalle.engine.engine import LocalEngine
from dalle.engine.order import Order
from dalle.errors import DalleError, FaultError, PromptRefused
from dalle.generation.result import Preview
from dalle.serving.cluster.ray_serve import check_answers, join, options_of
from dalle.serving.cluster.replica import Replica, relay
from dalle.serving.settings import ServerSettings
from dalle.settings import SettingsError
from tests.fakes.apart import run_apart
from tests.fakes.engine import FakePipeline

ROOT = Path(__file__).parents[3]


def test_a_replica_tells_frames_and_refusals():
    replica = Replica(lambda: LocalEngine(FakePipeline, 5))

    async def frames(prompt: str) -> list[Any]:
        return [frame async for frame in replica.generate(Order.parse(prompt, seed=3))]

    *previews, result = run_apart(frames("a cat"))
    assert isinstance(previews[-1], Preview)
    assert result.seed == 3
    *_, refusal = run_apart(frames("throng"))
    assert (type(refusal), refusal.retry_after) == (BusyError, 60)
    *_, fault = run_apart(frames("break"))
    assert "secret" not in str(fault)
    assert replica.describe().active.pipeline is None


def test_a_replica_that_cannot_generate_does_not_start():
    def load() -> FakePipeline:
        raise DalleError("There are no weights.")

    with pytest.raises(RuntimeError, match="There are no weights"):
        Replica(lambda: LocalEngine(load, 5))


def test_a_caller_who_left_closes_the_frames():
    closed = threading.Event()

    def count() -> Iterator[int]:
        try:
            yield from range(10**9)
        finally:
            closed.set()

    async def leave() -> bool:
        frames = relay(count)
        assert await anext(frames) == 0
        await frames.aclose()
        return await asyncio.to_thread(closed.wait, 10)

    assert run_apart(leave())


@pytest.mark.parametrize(
    "error", [PromptRefused("No.", "sexual"), BusyError("Too many.", 7.0), FaultError("It broke.")]
)
def test_errors_travel_between_processes_with_all_they_tell(error):
    copied = copy.copy(error)  # in the way that pickles are made
    assert (str(copied), vars(copied)) == (str(error), vars(error))


def test_replicas_get_what_decides_the_pictures_and_no_secret():
    settings = ServerSettings(
        model="mini", models=("mini", "nano"), mark_key="secret", signing_key="secret",
        reports_token="secret", min_replicas=20, replica_gpus=1,
    )  # fmt: skip
    options = options_of(settings)
    assert "secret" not in str(options)
    variables = options["ray_actor_options"]["runtime_env"]["env_vars"]
    there = ServerSettings.from_environment(variables)
    assert (there.model, there.models) == ("mini", ("mini", "nano"))
    assert options["autoscaling_config"]["max_replicas"] == 20


def test_without_ray_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SettingsError, match="install -r dalle/serving/cluster/requirements"):
        join("127.0.0.1:6379")


def test_an_address_that_is_none_or_does_not_answer():
    with pytest.raises(SettingsError, match="it must be the head's host and port"):
        check_answers("ray://host:10001")
    with pytest.raises(SettingsError, match="no cluster answers there"):
        check_answers("127.0.0.1:1")


def test_the_app_says_so_and_ends():
    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=os.environ | {"RAY_ADDRESS": "nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    said = ended.stderr.strip().splitlines()[-1]
    assert re.match(r"Error: RAY_ADDRESS is ('nowhere'; it must be|set, and Ray is not inst)", said)
    assert "Traceback" not in ended.stderr
