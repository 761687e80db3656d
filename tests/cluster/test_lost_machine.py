"""Three machines, of which one is lost: whoever was accepted gets pictures, and the same ones."""

import threading
import time
from collections.abc import Iterator

import pytest

from dalle.generation.result import Preview, Result
from dalle.safety.prompts import PromptFilter
from dalle.server_settings import ServerSettings
from dalle.serving.cluster import ClusterEngine
from dalle.serving.ray_serve import ServeReplicas, join
from tests.cluster.fakes import make_slow_engine

ray = pytest.importorskip("ray", reason="Ray is not installed; tests/cluster installs it")

# Ray itself uses what is deprecated elsewhere.
pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("default")]

MACHINES = 3
REQUESTS = 12


def wait_until(condition, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"it did not come to pass in {seconds} seconds")


@pytest.fixture(scope="module")
def cluster() -> Iterator:
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "num_cpus": 0})
    for _ in range(MACHINES):
        cluster.add_node(**node)
    join(cluster.address)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture(scope="module")
def engine(cluster) -> ClusterEngine:
    settings = ServerSettings(min_replicas=MACHINES, queue_size=20)
    engine = ClusterEngine(
        ServeReplicas(settings, make_slow_engine), 20, PromptFilter.load(), max_wait=60
    )
    engine.start()
    wait_until(lambda: engine.ready and engine._state.running == MACHINES)
    return engine


def pixels(result: Result) -> list[bytes]:
    return [picture.image.tobytes() for picture in result.pictures]


def test_previews_come_first_and_the_result_last(engine):
    frames = list(engine.draw("a cat", seed=3))
    kinds = [type(frame) for frame in frames if isinstance(frame, (Preview, Result))]
    assert kinds == [Preview] * 4 + [Result]
    assert frames[-1].seed == 3
