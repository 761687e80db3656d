"""The engine: frames in order, visitors in order, failures one by one."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dalle.errors import DalleError
from dalle.generation import run
from dalle.generation.result import Preview, Result
from dalle.serving.engine import BusyError, Engine, Waiting
from dalle.serving.estimate import WARM_UP_PROMPT
from tests.serving.fake import FakePipeline


def started(pipeline: FakePipeline, queue_size: int = 5) -> Engine:
    engine = Engine(lambda: pipeline, queue_size)
    engine.start()
    return engine


def wait_until(condition) -> None:
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to pass in ten seconds")


def test_previews_come_first_and_the_result_last():
    frames = [f for f in started(FakePipeline()).draw("a cat", seed=3) if type(f) is not Waiting]
    assert [type(frame) for frame in frames] == [Preview] * 4 + [Result]
    assert frames[-1].seed == 3
    assert len(frames[-1].pictures) == 9


def test_who_has_had_slow_previews_gets_finished_pictures_alone(monkeypatch):
    monkeypatch.setattr(run, "PREVIEW_SECONDS", 0.0)
    frames = [f for f in started(FakePipeline()).draw("a cat", seed=3) if type(f) is not Waiting]
    assert [type(frame) for frame in frames] == [Preview, Result]
    assert frames[0].fraction == 1


def test_while_others_wait_each_has_one_preview():
    engine = started(FakePipeline(seconds=0.02))
    wait_until(lambda: engine.ready)
    first, second = engine.draw("slowly a cat", seed=3), engine.draw("a dog", seed=3)
    kinds = []
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(list, first)
        wait_until(lambda: engine.listening)
        kinds.append([type(frame) for frame in second])
        kinds.append([type(frame) for frame in waiting.result()])
    second, first = ([kind for kind in each if kind is not Waiting] for each in kinds)
    assert first == [Preview, Result]
    assert second == [Preview] * 4 + [Result]


def test_a_picture_is_made_before_it_is_ready():
    pipeline = FakePipeline()
    engine = started(pipeline)
    wait_until(lambda: engine.ready)
    # Once to compile, once to know what a run takes.
    assert pipeline.drawn == [WARM_UP_PROMPT] * 2


def test_a_request_before_the_model_is_there_waits_for_it():
    gate = threading.Event()

    def load() -> FakePipeline:
        gate.wait()
        return FakePipeline()

    engine = Engine(load, 5)
    engine.start()
    frames = engine.draw("a cat")
    first = next(frames)
    assert first == Waiting(ahead=1, seconds=None, loading=True)
    gate.set()
    assert isinstance(list(frames)[-1], Result)


def test_visitors_are_drawn_in_the_order_in_which_they_came():
    pipeline = FakePipeline(seconds=0.02)
    engine = started(pipeline)
    wait_until(lambda: engine.ready)
    threads = []
    for number in range(4):
        threads.append(threading.Thread(target=lambda n=number: list(engine.draw(f"cat {n}"))))
        threads[-1].start()
        time.sleep(0.02)
    for thread in threads:
        thread.join()
    assert pipeline.drawn[2:] == [f"cat {number}" for number in range(4)]


def test_who_leaves_stops_at_the_next_chunk_and_frees_the_worker():
    pipeline = FakePipeline(seconds=0.05)
    engine = started(pipeline)
    wait_until(lambda: engine.ready)
    before = pipeline.chunks
    frames = engine.draw("a cat")
    while not isinstance(next(frames), Preview):
        pass
    frames.close()
    assert isinstance(list(engine.draw("a dog"))[-1], Result)
    assert pipeline.drawn[2:] == ["a dog"]
    assert pipeline.chunks - before < 8


def test_who_leaves_while_waiting_is_never_drawn():
    pipeline = FakePipeline(seconds=0.3)
    engine = started(pipeline)
    wait_until(lambda: engine.ready)
    busy = threading.Thread(target=lambda: list(engine.draw("first")))
    busy.start()
    time.sleep(0.1)
    second = engine.draw("second")
    assert next(second).ahead == 1
    second.close()
    busy.join()
    list(engine.draw("third"))
    assert pipeline.drawn[2:] == ["first", "third"]


def test_too_many_are_told_so():
    engine = Engine(lambda: FakePipeline(), queue_size=1)  # never started: all of them wait
    waiting = [engine.draw("a cat"), engine.draw("a dog")]
    for frames in waiting:
        next(frames)
    with pytest.raises(BusyError, match=r"2 requests are waiting, .* try again in") as caught:
        next(engine.draw("a bird"))
    assert caught.value.retry_after == 60  # nobody knows yet what a run takes


def test_a_failing_request_fails_alone():
    engine = started(FakePipeline())
    with pytest.raises(DalleError, match="This prompt fails; choose another one"):
        list(engine.draw("fail"))
    with pytest.raises(DalleError, match=r"Drawing failed \(RuntimeError\)") as caught:
        list(engine.draw("break"))
    assert "secret" not in str(caught.value)
    assert isinstance(list(engine.draw("a cat"))[-1], Result)


def test_an_impossible_setting_is_a_sentence():
    engine = started(FakePipeline())
    with pytest.raises(DalleError, match="candidates is 3; it must be a whole number from 9"):
        list(engine.draw("a cat", candidates=3))


def test_a_model_that_cannot_be_loaded_is_told_to_everyone():
    def load():
        raise DalleError("the folder is empty; choose another one.")

    engine = Engine(load, 5)
    engine.start()
    for _ in range(2):
        with pytest.raises(DalleError, match=r"could not be loaded .the folder is empty"):
            list(engine.draw("a cat"))
    assert not engine.ready
