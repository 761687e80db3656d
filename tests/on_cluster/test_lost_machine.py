"""Three machines, of which one is lost: whoever was accepted gets pictures, and the same ones."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from dalle.engine.order import RankOrder
from dalle.errors import DalleError, FaultError, PromptRefused
from dalle.generation.result import Preview, Result
from dalle.safety.prompts.filter import PromptFilter
from dalle.serving.cluster.engine import ClusterEngine
from dalle.serving.cluster.ray_serve import ServeReplicas, join
from dalle.serving.settings import ServerSettings
from tests.fakes.engine import FakePipeline
from tests.fakes.orders import ask
from tests.on_cluster.fakes import NO_WEIGHTS, make_broken_engine, make_slow_engine

# Ray itself uses what its own libraries call deprecated.
pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

MACHINES = 3
REQUESTS = 12


class CountedReplicas(ServeReplicas):
    """Knows how many requests were sent."""

    sent = 0

    def call(self, *arguments: Any, **named: Any) -> Any:
        self.sent += 1
        return super().call(*arguments, **named)


def wait_until(condition: Callable[[], bool], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"it did not come to pass in {seconds} seconds")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    ray = pytest.importorskip("ray", reason="Ray is not installed; tests/cluster installs it")
    from ray.cluster_utils import Cluster

    machine = {
        "num_cpus": 1,
        "object_store_memory": 100 * 2**20,
        "include_dashboard": False,
    }
    cluster = Cluster(initialize_head=True, head_node_args=machine)
    for _ in range(MACHINES - 1):
        cluster.add_node(**machine)
    join(cluster.address)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture(scope="module")
def diary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster") / "diary.txt"


@pytest.fixture(scope="module")
def replicas(cluster: Any, diary: Path) -> CountedReplicas:
    settings = ServerSettings(min_replicas=MACHINES, queue_size=20)
    return CountedReplicas(settings, partial(make_slow_engine, diary))


@pytest.fixture(scope="module")
def engine(replicas: CountedReplicas) -> Iterator[ClusterEngine]:
    engine = ClusterEngine(replicas, 20, PromptFilter.load(), max_wait=60)
    engine.start()
    wait_until(lambda: engine.ready and replicas.state().running == MACHINES)
    yield engine
    engine.drain(0)
    engine._watcher.join()  # before Ray is gone


def test_previews_come_first_and_the_result_last(engine):
    frames = list(ask(engine, "a cat", seed=3))
    kinds = [type(frame) for frame in frames if isinstance(frame, Preview | Result)]
    assert kinds == [Preview] * 4 + [Result]
    assert frames[-1].seed == 3
    assert engine.active_model.name == "fake"


def test_pictures_are_ranked(engine):
    images = [picture.image for picture in FakePipeline().generate("a cat").pictures]
    *_, scores = engine.rank(RankOrder("a dog", images))
    assert scores == FakePipeline().score(images, "a dog")


def test_what_a_replica_refuses_is_refused(engine, replicas):
    before = replicas.sent
    with pytest.raises(DalleError, match="This prompt fails; choose another one"):
        list(ask(engine, "fail"))
    with pytest.raises(DalleError, match="Too many wait") as caught:
        list(ask(engine, "throng"))
    assert caught.value.retry_after == 60
    with pytest.raises(DalleError, match="RuntimeError"):
        list(ask(engine, "break"))
    assert replicas.sent == before + 3  # each once
    with pytest.raises(PromptRefused):
        ask(engine, "a naked child")
    assert replicas.sent == before + 3  # never sent


def test_a_request_left_halfway_stops(engine, diary):
    frames = ask(engine, "slowly a cat")
    while not isinstance(next(frames), Preview):
        pass
    frames.close()
    wait_until(lambda: "left" in diary.read_text())


def test_a_machine_is_lost_and_everybody_gets_their_pictures(engine, replicas, cluster, diary):
    *_, earlier = ask(engine, "a dog", seed=0)
    diary.write_text("")
    ends: dict[int, Any] = {}

    def wait(seed: int) -> None:
        try:
            for frame in ask(engine, "a dog", seed=seed, visitor=f"{seed}"):
                ends[seed] = frame
        except DalleError as error:
            ends[seed] = error

    before = replicas.sent
    visitors = [threading.Thread(target=wait, args=(seed,)) for seed in range(REQUESTS)]
    for visitor in visitors:
        visitor.start()
    wait_until(lambda: busy_machine(cluster, diary))
    machine, processes = busy_machine(cluster, diary)
    for process in processes:
        process.kill()  # all at once, as where the power fails
    cluster.remove_node(machine, allow_graceful=False)
    for visitor in visitors:
        visitor.join(120)

    assert sorted(ends) == list(range(REQUESTS))
    assert {type(end) for end in ends.values()} == {Result}
    assert replicas.sent > before + REQUESTS  # something was lost, and sent again
    assert pixels(ends[0]) == pixels(earlier)
    for seed, result in ends.items():
        assert pixels(result) == pixels(FakePipeline().generate("a dog", seed=seed))


def test_where_no_replica_can_load_its_model_everybody_is_told(engine, caplog):
    engine.drain(0)
    # Other settings: the replicas that drew until now are ended.
    replicas = ServeReplicas(ServerSettings(), make_broken_engine)
    other = ClusterEngine(replicas, 20, PromptFilter.load(), max_wait=60)
    other.start()
    wait_until(lambda: other.failure)
    other.drain(0)
    assert NO_WEIGHTS in caplog.text  # for whoever runs the page
    with pytest.raises(FaultError, match="could load the model") as caught:
        list(ask(other, "a cat"))
    assert NO_WEIGHTS not in str(caught.value)


def busy_machine(cluster: Any, diary: Path) -> tuple[Any, list[psutil.Process]] | None:
    """A machine whose replica draws a dog, and its processes; never the head."""
    lines = diary.read_text().splitlines()
    busy = {int(line.split()[0]) for line in lines if line.endswith("draws a dog")}
    for machine in cluster.worker_nodes:
        raylet = psutil.Process(machine.all_processes["raylet"][0].process.pid)
        workers = raylet.children(recursive=True)
        if any(worker.pid in busy for worker in workers):
            return machine, [raylet, *workers]
    return None


def pixels(result: Result) -> list[bytes]:
    return [picture.image.tobytes() for picture in result.pictures]
