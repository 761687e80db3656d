"""Several machines behind one page, without Ray: what is sent, and what is sent again."""

import inspect
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dalle.engine.admission import BusyError
from dalle.engine.engine import LocalEngine
from dalle.engine.model_pool import ModelInfo
from dalle.engine.order import Order
from dalle.engine.protocol import Engine
from dalle.engine.status import ActiveModel, QueueStatus
from dalle.errors import DalleError, FaultError, PromptRefused
from dalle.generation.result import Preview, Result
from dalle.safety.prompts.filter import PromptFilter
from dalle.serving.api.endpoints import describe_server
from dalle.serving.cluster import engine as cluster
from dalle.serving.cluster.engine import ClusterEngine
from dalle.serving.cluster.replica import Abilities
from dalle.serving.cluster.replicas import State
from dalle.serving.page.controller import PageController
from dalle.settings import SettingsError
from tests.engine.test_engine import wait_until
from tests.fakes.engine import FakePipeline
from tests.fakes.orders import ask

ROOT = Path(__file__).parents[3]
LOSS = ConnectionError("the machine is gone")


class FakeCall:
    """Ends as it is told: with pictures, with an exception, or never."""

    def __init__(self, end: Any, order: Order) -> None:
        self._end, self._order = end, order
        self.cancelled = threading.Event()

    def __iter__(self) -> Iterator[Any]:
        yield QueueStatus(0, None, False)
        prompt, seed = self._order.prompt, self._order.knobs["seed"]
        run = FakePipeline().begin(prompt, FakePipeline().check(prompt, seed=seed))
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
        serving = ActiveModel(None, "fake", "1", None, "tpu v5 lite", (64, 64), {"candidates": 16})
        return Abilities(serving, (ModelInfo("fake", "1"), ModelInfo("other")))

    def call(self, method: str, order: Order, **named: Any) -> FakeCall:
        self.seeds.append(order.knobs["seed"])
        self.calls.append(FakeCall(self.ends.pop(0), order))
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
    *_, result = ask(engine, "a cat")
    assert isinstance(result, Result)
    assert set(replicas.seeds) == {result.seed}
    assert len(replicas.seeds) == 3
    assert engine.throughput.batch_seconds is not None
    assert not engine.subscribed


def test_what_is_always_lost_ends_in_a_sentence():
    replicas = FakeReplicas(*[LOSS] * 9)
    with pytest.raises(FaultError, match="machine that drew this failed, and so did 3 others"):
        list(ask(started(replicas), "a cat"))
    assert len(replicas.calls) == 4


@pytest.mark.parametrize(
    "refusal",
    [BusyError("Too many wait.", 7.0), PromptRefused("No.", "sexual"), FaultError("It broke.")],
)
def test_what_is_refused_is_not_sent_again(refusal):
    replicas = FakeReplicas(refusal)
    with pytest.raises(type(refusal)) as caught:
        list(ask(started(replicas), "a cat"))
    assert caught.value is refusal
    assert len(replicas.calls) == 1


def test_nothing_is_sent_that_the_filter_or_the_limits_refuse():
    replicas = FakeReplicas()
    engine = started(replicas)
    for prompt, knobs in (("a naked child", {}), ("a cat", {"negative_prompt": "naked people"})):
        with pytest.raises(PromptRefused):
            ask(engine, prompt, **knobs)
    for knobs in ({"candidates": 3}, {"model": "unknown"}, {"precision": "int8"}):
        with pytest.raises(SettingsError):
            ask(engine, "a cat", **knobs)
    assert not replicas.calls


def test_who_leaves_cancels_their_request():
    replicas = FakeReplicas("never")
    engine = started(replicas)
    frames = ask(engine, "a cat")
    while not isinstance(next(frames), Preview):
        pass
    assert (engine.subscribed, engine.waiting) == (1, 0)
    frames.close()
    assert replicas.calls[0].cancelled.is_set()
    assert engine.subscribed == 0


def test_where_no_machine_takes_it_the_visitor_is_told_when_to_come_back(monkeypatch):
    class Silent(FakeCall):
        def __iter__(self) -> Iterator[Any]:
            self.cancelled.wait(10)
            yield from ()

    replicas = FakeReplicas()
    monkeypatch.setattr(replicas, "call", lambda _, order, **named: Silent(None, order))
    frames = ask(started(replicas, max_wait=0.1), "a cat")
    assert next(frames) == QueueStatus(0, None, loading=False)
    with pytest.raises(BusyError, match="No machine of the cluster has taken this") as caught:
        list(frames)
    assert caught.value.retry_after == 60


def test_a_stop_tells_those_who_wait_and_takes_no_more():
    engine = started(FakeReplicas("never"))
    frames = ask(engine, "a cat")
    next(frames)
    assert not engine.drain(0)
    with pytest.raises(FaultError, match="The server had to stop"):
        list(frames)
    with pytest.raises(BusyError, match="being stopped"):
        list(ask(engine, "a cat"))
    assert not engine.ready


def test_where_no_replica_can_generate_everybody_is_told():
    replicas = FakeReplicas()
    engine = started(replicas)
    replicas.now = State(0, "No replica could load the model.")
    wait_until(lambda: engine.failure)
    with pytest.raises(FaultError, match="No replica could load the model"):
        list(ask(engine, "a cat"))


def test_the_status_is_that_of_the_replicas():
    status = describe_server(started(FakeReplicas()))
    assert status["model"]["name"] == "fake"
    assert (status["models"], status["precisions"]) == (["fake", "other"], [])


def test_the_page_generates_with_it():
    engine = started(FakeReplicas(LOSS, "pictures"))
    status, runs = list(PageController(engine).generate_all("a cat", {"seed": 3}))[-1]
    assert (status["state"], len(runs[0]["tiles"])) == ("done", 9)


def signatures(engine: type) -> dict[str, list[str]]:
    """The parameters of the methods of the Engine protocol."""
    names = ("start", "generate", "rank", "drain")
    return {name: list(inspect.signature(getattr(engine, name)).parameters) for name in names}


def test_both_engines_hold_to_the_protocol():
    cluster = ClusterEngine(FakeReplicas(), 5, PromptFilter.load(), 60)
    assert isinstance(cluster, Engine)
    assert isinstance(LocalEngine(FakePipeline, 5), Engine)
    assert signatures(ClusterEngine) == signatures(LocalEngine) == signatures(Engine)
