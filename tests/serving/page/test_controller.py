"""What the page shows of a drawing, frame by frame."""

from dataclasses import replace

import pytest

from dalle.engine.admission import BusyError
from dalle.engine.engine import LocalEngine
from dalle.engine.status import QueueStatus
from dalle.engine.throughput import Throughput
from dalle.engine.warm_up import warm_up
from dalle.errors import DalleError
from dalle.generation.result import Result
from dalle.serving.page.controller import PageController, describe_wait
from tests.fakes.engine import FakePipeline
from tests.fakes.orders import ask


@pytest.fixture
def controller() -> PageController:
    engine = LocalEngine(FakePipeline, 5)
    engine.start()
    list(ask(engine, "a cat"))  # loaded by now
    return PageController(engine)


def test_previews_then_the_tiles(controller):
    frames = list(controller.generate_all("a cat", {"seed": 3}))
    states = [runs[0]["state"] for _, runs in frames]
    assert states[0] == "waiting"
    assert [state for state in states if state == "preview"] == ["preview"] * 4
    assert states[-1] == "done"
    status, (run,) = frames[-1]
    assert status["state"] == "done"
    assert len(run["tiles"]) == 9
    assert run["summary"].startswith("The best 9 of 16.")
    assert len({runs[0]["key"] for _, runs in frames}) == 1
    fractions = [status["fraction"] for status, _ in frames if "fraction" in status]
    assert fractions == sorted(fractions)


def test_a_failing_line_does_not_stop_the_others(controller):
    *_, (status, runs) = controller.generate_all("a cat\nfail\na dog", {})
    assert [run["state"] for run in runs] == ["done", "failed", "done"]
    assert status["line"].startswith("Drew 2 of 3 prompts")


@pytest.mark.parametrize(
    ("text", "knobs", "sentence"),
    [
        ("", {}, "The prompt is empty"),
        ("a\n" * 10, {}, "There are 10 prompts, one a line; at most 9 are drawn in one go"),
        ("a cat\n" + "x" * 2_001, {}, "prompt has 2001 characters"),
        (None, {}, "prompt is None; it must be text."),
        ("a cat", {"top_p": 7}, "top_p is 7; it must be a number from 0.01 to 1"),
    ],
)
def test_a_mistake_is_told_at_once(controller, text, knobs, sentence):
    frames = list(controller.generate_all(text, knobs))
    assert len(frames) == 1
    assert frames[0][0]["state"] == "failed"
    assert sentence in frames[0][0]["line"]


def test_one_made_again_is_compared(controller):
    *_, (_, (run,)) = controller.generate_all("a cat", {"seed": 3})
    *_, (status, (again,)) = controller.generate_again("a cat", {"seed": 3}, 7, run["name"])
    assert [tile["candidate"] for tile in again["tiles"]] == [7]
    assert status["line"] == "Candidate 7 made again, alone: the same picture, pixel by pixel."
    *_, (status, _) = controller.generate_again("a cat", {"seed": 4}, 7, run["name"])
    assert status["line"].endswith("it came out different.")
    *_, (status, _) = controller.generate_again("a cat", {"seed": 4}, 7)
    assert status["line"].startswith("Done")


def test_a_failure_when_made_again_is_a_sentence(controller):
    assert list(controller.generate_again("fail", {}, 7))[-1][0]["line"].startswith(
        "This prompt fails"
    )


def test_ranking_again_keeps_the_files(controller):
    *_, (_, (run,)) = controller.generate_all("a cat", {"seed": 3})
    ranked = controller.rank_again(run["name"], "less red")
    assert [tile["candidate"] for tile in ranked["tiles"]] == list(range(9))
    before, after = (controller.results.get(each["name"]) for each in (run, ranked))
    assert before.png(before.find(7)) == after.png(after.find(7))
    with pytest.raises(DalleError, match="no longer has these pictures"):
        controller.rank_again("guessed", "less red")


def test_the_wait_is_told_in_words():
    assert "model is loading" in describe_wait(QueueStatus(1, None, True), 3.0)["line"]
    waiting = describe_wait(QueueStatus(2, 6.0, False), 3.0)
    assert (waiting["line"], waiting["seconds"]) == ("Number 2 in the queue", 9.0)
    assert describe_wait(QueueStatus(2, None, False), None)["seconds"] is None
    assert describe_wait(QueueStatus(0, 6.0, False), 3.0)["seconds"] == 3.0


def result_of(candidates: int, seconds: float) -> Result:
    result = FakePipeline().generate("a cat", candidates=candidates)
    return replace(result, seconds={"drawing": seconds / 2, "ranking": seconds / 2})


def test_the_estimate_fits_the_number_of_candidates_and_the_model():
    throughput = Throughput()
    assert throughput.run_seconds(16, "fake") is None
    for seconds in (2.0, 2.2, 30.0):
        throughput.learn_run(result_of(16, seconds))
    throughput.learn_run(result_of(32, 4.4))
    assert throughput.run_seconds(9, "fake") == pytest.approx(2.2)
    assert throughput.run_seconds(64, "fake") == pytest.approx(8.8)
    assert throughput.run_seconds(16, "mini") is None


class Warming(FakePipeline):
    """Its first run takes so long, each other one two seconds."""

    def __init__(self, first: float) -> None:
        super().__init__()
        self.runs = [first, 2.0]

    def finish(self, run):
        return replace(super().finish(run), seconds={"drawing": self.runs.pop(0)})


@pytest.mark.parametrize(
    ("first", "wanted", "seconds"),
    [(20.0, False, 2.0), (20.0, True, 20.0), (200.0, False, 200.0)],
    ids=["compiled", "somebody waits", "long"],
)
def test_the_first_visitor_is_told_what_a_run_takes(first, wanted, seconds):
    throughput = Throughput()
    warm_up(Warming(first), throughput, lambda: wanted)
    assert throughput.run_seconds(16, "fake") == seconds


def test_an_engine_knows_its_seconds_before_anybody_generates():
    engine = LocalEngine(lambda: Warming(20.0), 5)
    engine.start()
    engine.wait_until_settled()
    assert engine.throughput.batch_seconds == 2.0
    status, _ = next(PageController(engine).generate_all("a cat", {"candidates": 32}))
    assert status["seconds"] == 4.0


@pytest.fixture
def refused(controller, monkeypatch) -> PageController:
    """A controller whose engine has room for one more request."""
    generate, asked = controller.engine.generate, []

    def refuse(order, **named):
        asked.append(order)
        if len(asked) > 1:
            raise BusyError("30 requests are waiting.", retry_after=7.5)
        return generate(order, **named)

    monkeypatch.setattr(controller.engine, "generate", refuse)
    return controller


def test_what_is_refused_is_asked_for_again_and_nothing_else(refused):
    *_, (status, runs) = refused.generate_all("a cat\na dog\na cow", {})
    assert [run["state"] for run in runs] == ["done"]
    assert status["state"] == "refused"
    assert "Your prompt is kept" in status["line"]
    assert status["retry"] == {"seconds": 7.5, "text": "a dog\na cow", "more": True}


def test_a_single_picture_that_is_refused_is_asked_for_again(refused):
    list(refused.generate_all("a cat", {}))
    *_, (status, runs) = refused.generate_again("a cat", {}, 7)
    assert (status["state"], status["retry"], runs) == ("refused", {"seconds": 7.5}, [])


def test_what_was_heard_is_told_once(controller):
    *_, (_, (run,)) = controller.generate_all("godzilla in mordor", {})
    assert run["heard"]["drawn_as"] == {"godzilla": "a T-Rex"}
    assert run["heard"]["unheard"] == ["mordor"]
    assert run["notes"] == []
    *_, (_, (run,)) = controller.generate_all("a cat", {})
    assert run["heard"] is None
