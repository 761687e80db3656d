"""The engine: frames in order, visitors in order, failures one by one."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dalle.engine.admission import BusyError
from dalle.engine.engine import LocalEngine
from dalle.engine.status import QueueStatus
from dalle.engine.warm_up import WARM_UP_PROMPT
from dalle.errors import DalleError
from dalle.generation import run
from dalle.generation.result import Preview, Result
from tests.fakes.engine import FakePipeline
from tests.fakes.orders import ask


def started(pipeline: FakePipeline, queue_size: int = 5, **options) -> LocalEngine:
    engine = LocalEngine(lambda: pipeline, queue_size, **options)
    engine.start()
    return engine


def wait_until(condition) -> None:
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to pass in ten seconds")


def test_previews_come_first_and_the_result_last():
    frames = [
        f for f in ask(started(FakePipeline()), "a cat", seed=3) if type(f) is not QueueStatus
    ]
    assert [type(frame) for frame in frames] == [Preview] * 4 + [Result]
    assert frames[-1].seed == 3
    assert len(frames[-1].pictures) == 9


def test_who_has_had_slow_previews_gets_finished_pictures_alone(monkeypatch):
    monkeypatch.setattr(run, "PREVIEW_SECONDS", 0.0)
    frames = [
        f for f in ask(started(FakePipeline()), "a cat", seed=3) if type(f) is not QueueStatus
    ]
    assert [type(frame) for frame in frames] == [Preview, Result]
    assert frames[0].fraction == 1


def test_while_others_wait_each_has_one_preview():
    engine = started(FakePipeline(seconds=0.02))
    wait_until(lambda: engine.ready)
    first, second = ask(engine, "slowly a cat", seed=3), ask(engine, "a dog", seed=3)
    kinds = []
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(list, first)
        wait_until(lambda: engine.subscribed)
        kinds.append([type(frame) for frame in second])
        kinds.append([type(frame) for frame in waiting.result()])
    second, first = ([kind for kind in each if kind is not QueueStatus] for each in kinds)
    assert first == [Preview, Result]
    assert second == [Preview] * 4 + [Result]


def test_a_picture_is_made_before_it_is_ready():
    pipeline = FakePipeline()
    engine = started(pipeline)
    wait_until(lambda: engine.ready)
    # Once to compile, once to know what a run takes.
    assert pipeline.generated == [WARM_UP_PROMPT] * 2


def test_a_request_before_the_model_is_there_waits_for_it():
    gate = threading.Event()

    def load() -> FakePipeline:
        gate.wait()
        return FakePipeline()

    engine = LocalEngine(load, 5)
    engine.start()
    frames = ask(engine, "a cat")
    first = next(frames)
    assert first == QueueStatus(ahead=1, seconds=None, loading=True)
    gate.set()
    assert isinstance(list(frames)[-1], Result)


def test_requests_run_in_the_order_in_which_they_came():
    pipeline = FakePipeline(seconds=0.02)
    engine = started(pipeline)
    wait_until(lambda: engine.ready)
    asked = [ask(engine, f"cat {number}") for number in range(4)]
    for frames in asked:
        next(frames)  # its place in the queue, or a preview
    for frames in asked:
        assert isinstance(list(frames)[-1], Result)
    assert pipeline.generated[2:] == [f"cat {number}" for number in range(4)]


def test_who_leaves_stops_at_the_next_chunk_and_frees_the_worker():
    pipeline = FakePipeline(seconds=0.05)
    engine = started(pipeline)
    wait_until(lambda: engine.ready)
    before = pipeline.chunks
    frames = ask(engine, "a cat")
    while not isinstance(next(frames), Preview):
        pass
    frames.close()
    assert isinstance(list(ask(engine, "a dog"))[-1], Result)
    assert pipeline.generated[2:] == ["a dog"]
    assert pipeline.chunks - before < 8


def test_a_request_left_while_waiting_never_runs():
    pipeline = FakePipeline(seconds=0.3)
    engine = started(pipeline)
    wait_until(lambda: engine.ready)
    first = ask(engine, "first")
    while not isinstance(next(first), Preview):
        pass
    second = ask(engine, "second")
    assert next(second).ahead == 1
    second.close()
    list(first)
    list(ask(engine, "third"))
    assert pipeline.generated[2:] == ["first", "third"]


def test_too_many_are_told_so():
    engine = LocalEngine(lambda: FakePipeline(), queue_size=1)  # never started: all of them wait
    waiting = [ask(engine, "a cat"), ask(engine, "a dog")]
    for frames in waiting:
        next(frames)
    with pytest.raises(BusyError, match=r"2 requests are waiting, .* try again in") as caught:
        next(ask(engine, "a bird"))
    assert caught.value.retry_after == 60  # nobody knows yet what a run takes


def test_a_failing_request_fails_alone():
    engine = started(FakePipeline())
    with pytest.raises(DalleError, match="This prompt fails; choose another one"):
        list(ask(engine, "fail"))
    with pytest.raises(DalleError, match=r"Drawing failed \(RuntimeError\)") as caught:
        list(ask(engine, "break"))
    assert "secret" not in str(caught.value)
    assert isinstance(list(ask(engine, "a cat"))[-1], Result)


def test_the_log_has_the_place_of_a_fault_and_none_of_its_words(caplog):
    engine = started(FakePipeline())
    with pytest.raises(DalleError, match="RuntimeError"):
        list(ask(engine, "break"))
    assert "RuntimeError in" in caplog.text
    assert "secret" not in caplog.text


def test_an_impossible_setting_is_a_sentence():
    engine = started(FakePipeline())
    with pytest.raises(DalleError, match="candidates is 3; it must be a whole number from 9"):
        list(ask(engine, "a cat", candidates=3))


def test_a_model_that_cannot_be_loaded_is_told_to_everyone():
    def load():
        raise DalleError("the folder is empty; choose another one.")

    engine = LocalEngine(load, 5)
    engine.start()
    for _ in range(2):
        with pytest.raises(DalleError, match=r"could not be loaded .the folder is empty"):
            list(ask(engine, "a cat"))
    assert not engine.ready
