"""Another model comes while the embedded one serves; what goes wrong is told, and nothing ends."""

import errno
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client

from dalle.engine import model_loader as models
from dalle.engine.engine import LocalEngine
from dalle.errors import DalleError
from dalle.generation.pipeline import Pipeline
from dalle.models.hub.registry import NANO, PARTS
from tests.fakes.engine import FakePipeline
from tests.fakes.hub import COMMIT, FakeHub
from tests.fakes.orders import ask
from tests.serving.conftest import PATIENCE, serving

# The embedded model's parts, under the names of the published one's.
PUBLISHED = {
    "dalle-mini/dalle-mini": NANO / "bart",
    "dalle-mini/vqgan_imagenet_f16_16384": NANO / "vqgan",
    "openai/clip-vit-base-patch32": NANO / "clip",
}


def named(name: str) -> FakePipeline:
    return FakePipeline(name=name)


@pytest.fixture
def engine() -> LocalEngine:
    engine = LocalEngine(lambda: named("nano"), 5)
    engine.start()
    return engine


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every model is there at once; the parts that were asked for."""
    parts = []
    monkeypatch.setattr(models, "PAUSES", ())
    monkeypatch.setattr(models, "resolve", lambda name, part, progress: parts.append(part))
    return parts


def model_that_serves(engine: LocalEngine) -> str:
    *_, result = ask(engine, "a cat")
    return result.recipe["model"]


def test_the_one_that_was_asked_for_takes_over_once_it_is_there(engine, fetched):
    gate = threading.Event()

    def load(name: str) -> Pipeline:
        gate.wait()
        return named(name)

    coming = models.bring(engine, "mini", load)
    assert model_that_serves(engine) == "nano"
    assert engine.active_model.name == "nano"
    gate.set()
    coming.join()
    assert fetched == list(PARTS)
    assert model_that_serves(engine) == "mini"
    assert (engine.active_model.name, engine.model_progress.stage) == ("mini", "serving")


def test_it_never_gives_way_to_the_embedded_one_again(fetched):
    gate = threading.Event()

    def load() -> Pipeline:
        gate.wait()
        return named("nano")

    engine = LocalEngine(load, 5)
    engine.start()
    coming = models.bring(engine, "mini", named)
    gate.set()
    coming.join()
    assert engine.active_model.name == "mini"


def test_it_serves_even_where_the_embedded_one_cannot(fetched):
    def load() -> Pipeline:
        raise DalleError("the embedded model is not there.")

    engine = LocalEngine(load, 5)
    engine.start()
    engine.wait_until_settled()
    with pytest.raises(DalleError, match="the embedded model is not there"):
        model_that_serves(engine)
    models.bring(engine, "mini", named).join()
    assert model_that_serves(engine) == "mini"
    assert engine.failure is None


def fail_with(error: Exception):
    def resolve(name: str, part: str, progress: type) -> Path:
        raise error

    return resolve


def full_disk() -> Exception:
    """As the Hub's library and the registry hand it on."""
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as cause:
            raise DalleError("fetching failed. Try again with a network.") from cause
    except DalleError as error:
        return error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (DalleError("mimi is no model."), "nano draws instead. mimi is no model."),
        (full_disk(), "nano draws instead. The disk is full; make room, or take a smaller"),
        (MemoryError("5 GB"), "nano draws instead. MemoryError: 5 GB"),
    ],
    ids=["name", "disk", "memory"],
)
def test_what_goes_wrong_is_told_and_the_embedded_one_goes_on(
    engine, monkeypatch, caplog, error, sentence
):
    engine.wait_until_settled()
    monkeypatch.setattr(models, "PAUSES", ())
    monkeypatch.setattr(models, "resolve", fail_with(error))
    models.bring(engine, "mimi", named).join()
    assert engine.model_progress.stage == "failed"
    assert f"mimi could not be loaded, and {sentence}" in engine.model_progress.failure
    assert "mimi could not be brought" in caplog.text
    assert model_that_serves(engine) == "nano"


def test_it_is_tried_again_after_a_while(engine, fetched, monkeypatch, caplog):
    failures = [DalleError("no network."), DalleError("no network.")]

    def load(name: str) -> Pipeline:
        if failures:
            raise failures.pop()
        return named(name)

    monkeypatch.setattr(models, "PAUSES", (0, 0, 0))
    models.bring(engine, "mini", load).join()
    assert caplog.text.count("mini could not be brought") == 2
    assert (engine.active_model.name, engine.model_progress.stage) == ("mini", "serving")


def test_a_model_that_cannot_generate_is_not_switched_to(engine, fetched):
    class Broken(FakePipeline):
        def generate(self, prompt: str, **knobs):
            raise RuntimeError("out of memory")

    engine.wait_until_settled()
    models.bring(engine, "mega", lambda name: Broken()).join()
    assert "RuntimeError: out of memory" in engine.model_progress.failure
    assert model_that_serves(engine) == "nano"


def test_the_meter_adds_up_bytes_and_nothing_else(capsys):
    told = []
    meter = models.make_meter(lambda done, total: told.append((done, total)))
    for size in (100, 50):
        came = meter(desc="Downloading", unit="B", total=0)
        written = meter(desc="Writing", unit="B", total=0)
        files = meter(desc="Fetching 2 files", total=2)
        came.total = written.total = size
        written.update(size // 2)
        files.update(1)
        for bar in (came, written, files):
            bar.close()
    assert told == [(50, 100), (75, 150)]
    assert capsys.readouterr() == ("", "")


# For real: the app in a process of its own, and a Hub on this machine.


@pytest.fixture
def environment(monkeypatch, tmp_path) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("NINEFOLD_MODEL", "dalle-mini/dalle-mini")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return monkeypatch


def wait_for(client: Client, condition) -> dict:
    """The first answer of /status that is as wanted."""
    pause = threading.Event()
    for _ in range(4 * PATIENCE):
        status = client.predict(api_name="/status")
        if condition(status):
            return status
        pause.wait(0.25)
    raise AssertionError(status)


@pytest.mark.slow
def test_the_published_model_downloads_while_nano_serves_and_then_generates(environment):
    hub = FakeHub(PUBLISHED)
    with hub.serving() as endpoint:
        environment.setenv("HF_ENDPOINT", endpoint)
        with serving("app.py") as address:
            client = Client(address, verbose=False)
            # The Hub holds back the rest.
            status = wait_for(client, lambda status: status["ready"] and status["coming"]["done"])
            assert status["model"]["name"] == "nano"
            coming = status["coming"]
            assert (coming["name"], coming["stage"]) == ("dalle-mini/dalle-mini", "downloading")
            assert (coming["part"], coming["parts"]) == (1, 3)
            assert 0 < coming["done"] < coming["total"]
            hub.opened.set()
            status = wait_for(client, lambda status: status["coming"]["stage"] == "serving")
            assert status["model"]["name"] == "dalle-mini/dalle-mini"
            assert status["model"]["revision"] == COMMIT
            done = client.predict("a red apple", seed=1, api_name="/generate")[1]
            assert done["model"] == "dalle-mini/dalle-mini"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("endpoint", "sentence"),
    [(None, "is no model: not one of nano"), ("http://127.0.0.1:9", "Try again with a network")],
    ids=["wrong name", "offline"],
)
def test_the_app_says_so_and_stays_up(environment, endpoint, sentence):
    with FakeHub({}).serving() as empty:
        environment.setenv("HF_ENDPOINT", endpoint or empty)
        with serving("app.py") as address:
            client = Client(address, verbose=False)
            status = wait_for(client, lambda status: status["coming"]["stage"] == "failed")
            assert "could not be loaded, and nano draws instead" in status["coming"]["failure"]
            assert sentence in status["coming"]["failure"]
            assert status["failure"] is None
