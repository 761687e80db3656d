"""Several machines behind one page, without Ray: what is sent, and what is sent again."""

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

from dalle.errors import DalleError, FaultError, PromptRefused
from dalle.generation.result import Preview, Result
from dalle.safety.prompts import PromptFilter
from dalle.server_settings import ServerSettings
from dalle.serving import cluster
from dalle.serving.api import describe_server
from dalle.serving.cluster import ClusterEngine, State
from dalle.serving.drawing import Desk
from dalle.serving.engine import BusyError, Engine, Waiting
from dalle.serving.installed import Offer
from dalle.serving.ray_serve import check_answers, join, options_of
from dalle.serving.replica import Abilities, Replica, relay
from dalle.serving.states import Serving
from dalle.settings import SettingsError
from tests.serving.apart import run_apart
from tests.serving.fake import FakePipeline
from tests.serving.test_engine import wait_until

ROOT = Path(__file__).parents[2]
LOSS = ConnectionError("the machine is gone")


class FakeCall:
    """Ends as it is told: with pictures, with an exception, or never."""

    def __init__(self, end: Any, prompt: str, knobs: dict[str, Any]) -> None:
        self._end, self._prompt, self._knobs = end, prompt, knobs
        self.cancelled = threading.Event()

    def __iter__(self) -> Iterator[Any]:
        yield Waiting(0, None, False)
        knobs = {name: value for name, value in self._knobs.items() if name == "seed"}
        run = FakePipeline().begin(self._prompt, FakePipeline().check(self._prompt, **knobs))
        yield FakePipeline().preview(run)
        if self._end == "never":
            self.cancelled.wait(10)
        elif isinstance(self._end, DalleError):
            yield self._end
        elif isinstance(self._end, Exception):
            raise self._end
        else:
            yield FakePipeline().finish(run)

    def cancel(self) -> None:
        self.cancelled.set()


class FakeReplicas:
    """Two machines; the calls end as listed, one after another."""

    def __init__(self, *ends: Any) -> None:
        self.ends, self.calls, self.seeds = list(ends), [], []
        self.now = State(2)

    def start(self) -> None:
        pass

    def state(self) -> State:
        return self.now

    def describe(self) -> Abilities:
        serving = Serving(None, "fake", "1", None, "tpu v5 lite", (64, 64), {"candidates": 16})
        return Abilities(serving, (Offer("fake", "1"), Offer("other")), ("float32",))

    def call(self, method: str, prompt: str, **named: Any) -> FakeCall:
        self.seeds.append(named["seed"])
        self.calls.append(FakeCall(self.ends.pop(0), prompt, named))
        return self.calls[-1]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PAUSES", (0, 0, 0))
    monkeypatch.setattr(cluster, "WATCH", 0.01)
    monkeypatch.setattr(cluster, "HEARTBEAT", 0.01)


def started(replicas: Any, max_wait: float = 60) -> ClusterEngine:
    engine = ClusterEngine(replicas, 5, PromptFilter.load(), max_wait)
    engine.start()
    wait_until(lambda: engine.ready)
    return engine


def test_what_is_lost_is_sent_again_with_the_same_seed():
    replicas = FakeReplicas(LOSS, LOSS, "pictures")
    engine = started(replicas)
    *_, result = engine.draw("a cat")
    assert isinstance(result, Result)
    assert set(replicas.seeds) == {result.seed}
    assert len(replicas.seeds) == 3
    assert engine.seconds is not None
    assert not engine.listening


def test_what_is_always_lost_ends_in_a_sentence():
    replicas = FakeReplicas(*[LOSS] * 9)
    with pytest.raises(FaultError, match="machine that drew this failed, and so did 3 others"):
        list(started(replicas).draw("a cat"))
    assert len(replicas.calls) == 4


@pytest.mark.parametrize(
    "refusal",
    [BusyError("Too many wait.", 7.0), PromptRefused("No.", "sexual"), FaultError("It broke.")],
)
def test_what_is_refused_is_not_sent_again(refusal):
    replicas = FakeReplicas(refusal)
    with pytest.raises(type(refusal)) as caught:
        list(started(replicas).draw("a cat"))
    assert caught.value is refusal
    assert len(replicas.calls) == 1


def test_nothing_is_sent_that_the_filter_or_the_limits_refuse():
    replicas = FakeReplicas()
    engine = started(replicas)
    for prompt, knobs in (("a naked child", {}), ("a cat", {"negative_prompt": "naked people"})):
        with pytest.raises(PromptRefused):
            engine.draw(prompt, **knobs)
    for knobs in ({"candidates": 3}, {"model": "unknown"}, {"precision": "int8"}):
        with pytest.raises(SettingsError):
            engine.draw("a cat", **knobs)
    assert not replicas.calls


def test_who_leaves_cancels_their_request():
    replicas = FakeReplicas("never")
    engine = started(replicas)
    frames = engine.draw("a cat")
    while not isinstance(next(frames), Preview):
        pass
    assert (engine.listening, engine.waiting) == (1, 0)
    frames.close()
    assert replicas.calls[0].cancelled.is_set()
    assert engine.listening == 0


def test_where_no_machine_takes_it_the_visitor_is_told_when_to_come_back(monkeypatch):
    class Silent(FakeCall):
        def __iter__(self) -> Iterator[Any]:
            self.cancelled.wait(10)
            yield from ()

    replicas = FakeReplicas()
    monkeypatch.setattr(replicas, "call", lambda *_, **named: Silent(None, "", named))
    frames = started(replicas, max_wait=0.1).draw("a cat")
    assert next(frames) == Waiting(0, None, loading=False)
    with pytest.raises(BusyError, match="No machine of the cluster has taken this") as caught:
        list(frames)
    assert caught.value.retry_after == 60


def test_a_stop_tells_those_who_wait_and_takes_no_more():
    engine = started(FakeReplicas("never"))
    frames = engine.draw("a cat")
    next(frames)
    assert not engine.drain(0)
    with pytest.raises(FaultError, match="The server had to stop"):
        list(frames)
    with pytest.raises(BusyError, match="being stopped"):
        list(engine.draw("a cat"))
    assert not engine.ready


def test_where_no_replica_can_draw_everybody_is_told():
    replicas = FakeReplicas()
    engine = started(replicas)
    replicas.now = State(0, "No replica could load the model.")
    wait_until(lambda: engine.failure)
    with pytest.raises(FaultError, match="No replica could load the model"):
        list(engine.draw("a cat"))


def test_the_status_is_that_of_the_replicas():
    status = describe_server(started(FakeReplicas()))
    assert status["model"]["name"] == "fake"
    assert (status["models"], status["precisions"]) == (["fake", "other"], ["float32"])


def test_the_page_draws_with_it():
    engine = started(FakeReplicas(LOSS, "pictures"))
    status, runs = list(Desk(engine).draw_all("a cat", {"seed": 3}))[-1]
    assert (status["state"], len(runs[0]["tiles"])) == ("done", 9)


def test_it_has_the_face_of_an_engine():
    ours = dir(ClusterEngine(FakeReplicas(), 5, PromptFilter.load(), 60))
    theirs = {name for name in dir(Engine(FakePipeline, 5)) if not name.startswith("_")}
    # No model takes another one's place here, and results are kept by the replicas.
    assert theirs - set(ours) == {"switch", "wait_until_settled"}


def test_a_replica_tells_frames_and_refusals():
    replica = Replica(lambda: Engine(FakePipeline, 5))

    async def frames(prompt: str) -> list[Any]:
        return [frame async for frame in replica.draw(prompt, seed=3)]

    *previews, result = run_apart(frames("a cat"))
    assert isinstance(previews[-1], Preview)
    assert result.seed == 3
    *_, refusal = run_apart(frames("throng"))
    assert (type(refusal), refusal.retry_after) == (BusyError, 60)
    *_, fault = run_apart(frames("break"))
    assert "secret" not in str(fault)
    assert replica.describe().serving.pipeline is None


def test_a_replica_that_cannot_draw_does_not_start():
    def load() -> FakePipeline:
        raise DalleError("There are no weights.")

    with pytest.raises(RuntimeError, match="There are no weights"):
        Replica(lambda: Engine(load, 5))


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
    with pytest.raises(SettingsError, match="install -r dalle/serving/requirements"):
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
