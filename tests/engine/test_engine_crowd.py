"""The engine with many at once: shared batches, turns, waits, faults, and an end in good order."""

import contextlib
import threading

import pytest

from dalle.engine.admission import BusyError, StoppingError
from dalle.engine.engine import LocalEngine
from dalle.engine.status import QueueStatus
from dalle.engine.warm_up import WARM_UP_PROMPT
from dalle.errors import DalleError, FaultError
from dalle.generation.result import Preview, Result
from tests.engine.test_engine import started, wait_until
from tests.fakes.engine import FakePipeline
from tests.fakes.orders import ask


def together(engine: LocalEngine, *asked: dict) -> list:
    """The last frame, or the error, of requests that are made at the same time."""
    ends = [None] * len(asked)

    def wait(number: int, order: dict) -> None:
        try:
            *_, ends[number] = ask(engine, **order)
        except DalleError as error:
            ends[number] = error

    threads = [
        threading.Thread(target=wait, args=(number, order)) for number, order in enumerate(asked)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


class Gated(FakePipeline):
    """Loads when it is told, so that whoever came before is drawn together."""

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.gate = threading.Event()

    def load(self) -> FakePipeline:
        self.gate.wait()
        return self


def crowd(pipeline: Gated, asked: list[dict], **options) -> tuple[list, LocalEngine]:
    """What becomes of requests that all wait when the model comes."""
    engine = LocalEngine(pipeline.load, len(asked), **options)
    engine.start()

    def open_gate() -> None:
        wait_until(lambda: engine.waiting == len(asked))
        pipeline.gate.set()

    opened = threading.Thread(target=open_gate)
    opened.start()
    ends = together(engine, *asked)
    opened.join()
    return ends, engine


def test_strangers_share_a_batch():
    pipeline = Gated()
    asked = [{"prompt": f"cat {n}", "seed": n, "only": [n]} for n in range(4)]
    ends, _ = crowd(pipeline, asked)
    assert sorted(pipeline.batches[1]) == [f"cat {n}" for n in range(4)]
    assert [result.pictures[0].candidate for result in ends] == [0, 1, 2, 3]
    assert [result.prompt for result in ends] == [f"cat {n}" for n in range(4)]


def test_requests_for_the_active_model_share_a_batch_whether_they_name_it_or_not():
    pipeline = Gated()
    asked = [{"prompt": f"cat {n}", "only": [n]} for n in range(2)]
    asked[1]["precision"] = "auto"
    crowd(pipeline, asked)
    assert sorted(pipeline.batches[1]) == ["cat 0", "cat 1"]


def test_a_long_request_lets_others_in_between():
    pipeline = Gated()
    ends, _ = crowd(pipeline, [{"prompt": "long", "candidates": 64}, {"prompt": "short"}])
    assert [len(end.pictures + end.rejected) for end in ends] == [64, 16]
    assert pipeline.generated == [WARM_UP_PROMPT, "short", "long"]


def test_visitors_take_turns():
    pipeline = Gated()
    asked = [{"prompt": f"greedy {n}", "visitor": "greedy", "seed": n} for n in range(4)]
    crowd(pipeline, [*asked, {"prompt": "other", "visitor": "other"}])
    assert pipeline.generated.index("other") <= 2


def test_the_same_recipe_is_generated_once():
    pipeline = FakePipeline(seconds=0.1)
    engine = started(pipeline)
    wait_until(lambda: engine.ready)
    first, second = together(engine, *[{"prompt": "a cat", "seed": 5}] * 2)
    assert first is second
    third = list(ask(engine, "a cat", seed=5))
    assert third == [first]
    assert pipeline.generated.count("a cat") == 1
    list(ask(engine, "a cat", seed=6))
    assert pipeline.generated.count("a cat") == 2


def test_who_shares_a_recipe_may_leave():
    pipeline = FakePipeline(seconds=0.1)
    engine = started(pipeline)
    wait_until(lambda: engine.ready)
    leaving, staying = (ask(engine, "a cat", seed=5) for _ in range(2))
    while not isinstance(next(leaving), Preview):
        pass
    assert isinstance(next(staying), (QueueStatus, Preview))
    leaving.close()
    assert isinstance(list(staying)[-1], Result)


def test_a_wait_that_is_too_long_is_refused_with_a_time_to_come_back():
    pipeline = FakePipeline(seconds=0.05)
    engine = LocalEngine(lambda: pipeline, 1000, max_wait=1.0)
    engine.start()
    wait_until(lambda: engine.ready)
    list(ask(engine, "a red cat"))  # now it knows how long a batch takes
    for number in range(40):  # 0.2 seconds each
        threading.Thread(target=tried, args=(engine, f"cat {number}"), daemon=True).start()
    wait_until(lambda: engine.waiting > 3)
    asked = (f"a red cat on mat {number}" for number in range(40))
    with pytest.raises(BusyError, match=r"wait about \d+ seconds.*in about \d+ second") as caught:
        [next(ask(engine, prompt)) for prompt in asked]
    assert caught.value.retry_after >= 1


def tried(engine: LocalEngine, prompt: str) -> None:
    """Asks, whatever comes of it."""
    with contextlib.suppress(DalleError):
        list(ask(engine, prompt))


class Faulty(Gated):
    """Breaks in the ways that its prompts name."""

    def generate_batch(self, slots, size=4):
        prompts = [slot.run.prompt for slot in slots]
        if len(slots) * 4 > self.rows:
            raise RuntimeError("RESOURCE_EXHAUSTED: out of memory")
        if "poison" in prompts:
            raise RuntimeError("secret detail")
        for chunk in super().generate_batch(slots, size):
            for slot in slots:
                if slot.run.prompt == "nan":
                    slot.run.failure = FaultError("no number")
            yield chunk

    rows = 16

    def finish(self, run):
        if run.prompt == "ranker":
            raise ValueError("secret detail")
        return super().finish(run)


def test_what_breaks_breaks_alone():
    prompts = ["a cat", "nan", "ranker", "poison", "a dog"]
    ends, engine = crowd(Faulty(), [{"prompt": p, "only": [1]} for p in prompts])
    told = dict(zip(prompts, ends, strict=True))
    assert all(isinstance(told[prompt], Result) for prompt in ("a cat", "a dog"))
    assert str(told["nan"]) == "no number"
    assert "Drawing failed (ValueError)" in str(told["ranker"])
    assert "Drawing failed (RuntimeError)" in str(told["poison"])
    assert isinstance(list(ask(engine, "a bird"))[-1], Result)


def test_where_memory_runs_out_batches_become_smaller_and_stay_so():
    pipeline = Faulty()
    pipeline.generate = lambda *arguments, **knobs: FakePipeline().generate(*arguments, **knobs)
    pipeline.rows = 8
    ends, engine = crowd(pipeline, [{"prompt": "a cat"}, {"prompt": "a dog"}])
    assert all(isinstance(end, Result) for end in ends)
    assert max(map(len, pipeline.batches)) == 2
    assert b"ninefold_batch_size 2.0" in engine.metrics.as_text()
    pipeline.rows = 0
    with pytest.raises(FaultError, match="not enough memory"):
        list(ask(engine, "a bird"))


def test_stopping_finishes_what_came_and_takes_no_more():
    pipeline = FakePipeline(seconds=0.1)
    engine = started(pipeline)
    wait_until(lambda: engine.ready)
    frames = ask(engine, "a cat")
    next(frames)
    drained = []
    thread = threading.Thread(target=lambda: drained.append(engine.drain(10)))
    thread.start()
    wait_until(lambda: not engine.ready)
    with pytest.raises(StoppingError, match="is being stopped"):
        next(ask(engine, "a dog"))
    assert isinstance(list(frames)[-1], Result)
    thread.join()
    assert drained == [True]


def test_who_is_not_done_in_time_is_told():
    engine = started(FakePipeline(seconds=2))
    frames = ask(engine, "a cat")
    next(frames)
    assert engine.drain(0.1) is False
    with pytest.raises(FaultError, match="had to stop before this was drawn"):
        list(frames)
