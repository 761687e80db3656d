"""What the page shows of a drawing, frame by frame."""

from dataclasses import replace

import pytest

from dalle.errors import DalleError
from dalle.generation.result import Result
from dalle.serving.drawing import Desk, describe_wait
from dalle.serving.engine import BusyError, Engine, Waiting
from dalle.serving.estimate import Estimate, warm_up
from tests.serving.fake import FakePipeline


@pytest.fixture
def desk() -> Desk:
    engine = Engine(FakePipeline, 5)
    engine.start()
    list(engine.draw("a cat"))  # loaded by now
    return Desk(engine)


def test_previews_then_the_tiles(desk):
    frames = list(desk.draw_all("a cat", {"seed": 3}))
    states = [runs[0]["state"] for _, runs in frames]
    assert states[0] == "waiting"
    assert [state for state in states if state == "preview"] == ["preview"] * 4
    assert states[-1] == "done"
    status, (run,) = frames[-1]
    assert status["state"] == "done"
    assert len(run["tiles"]) == 9
    assert run["summary"].startswith("Made 16, kept 9")
    assert len({runs[0]["key"] for _, runs in frames}) == 1
    fractions = [status["fraction"] for status, _ in frames if "fraction" in status]
    assert fractions == sorted(fractions)


def test_a_failing_line_does_not_stop_the_others(desk):
    *_, (status, runs) = desk.draw_all("a cat\nfail\na dog", {})
    assert [run["state"] for run in runs] == ["done", "failed", "done"]
    assert status["line"].startswith("Drew 2 of 3 prompts")


@pytest.mark.parametrize(
    ("text", "knobs", "sentence"),
    [
        ("", {}, "The prompt is empty"),
        ("a\n" * 10, {}, "There are 10 prompts, one a line; at most 9 are drawn in one go"),
        ("a cat", {"top_p": 7}, "top_p is 7; it must be a number from 0.01 to 1"),
    ],
)
def test_a_mistake_is_told_at_once(desk, text, knobs, sentence):
    frames = list(desk.draw_all(text, knobs))
    assert len(frames) == 1
    assert frames[0][0]["state"] == "failed"
    assert sentence in frames[0][0]["line"]


def test_one_made_again_is_compared(desk):
    *_, (_, (run,)) = desk.draw_all("a cat", {"seed": 3})
    *_, (status, (again,)) = desk.draw_again("a cat", {"seed": 3}, 7, run["name"])
    assert [tile["candidate"] for tile in again["tiles"]] == [7]
    assert status["line"] == "Candidate 7 made again, alone: the same picture, pixel by pixel."
    *_, (status, _) = desk.draw_again("a cat", {"seed": 4}, 7, run["name"])
    assert status["line"].endswith("it came out different.")
    *_, (status, _) = desk.draw_again("a cat", {"seed": 4}, 7)
    assert status["line"].startswith("Done")


def test_a_failure_when_made_again_is_a_sentence(desk):
    assert list(desk.draw_again("fail", {}, 7))[-1][0]["line"].startswith("This prompt fails")


def test_ranking_again_keeps_the_files(desk):
    *_, (_, (run,)) = desk.draw_all("a cat", {"seed": 3})
    ranked = desk.rank_again(run["name"], "less red")
    assert [tile["candidate"] for tile in ranked["tiles"]] == list(range(9))
    src = {tile["candidate"]: tile["src"] for tile in run["tiles"]}
    again = {tile["candidate"]: tile["src"] for tile in ranked["tiles"]}
    assert src[7] == again[7]
    with pytest.raises(DalleError, match="no longer has these pictures"):
        desk.rank_again("guessed", "less red")


def test_the_wait_is_told_in_words():
    assert "model is loading" in describe_wait(Waiting(1, None, True), 3.0)["line"]
    waiting = describe_wait(Waiting(2, 6.0, False), 3.0)
    assert (waiting["line"], waiting["seconds"]) == ("Number 2 in the queue", 9.0)
    assert describe_wait(Waiting(2, None, False), None)["seconds"] is None
    assert describe_wait(Waiting(0, 6.0, False), 3.0)["seconds"] == 3.0


def result_of(candidates: int, seconds: float) -> Result:
    result = FakePipeline().generate("a cat", candidates=candidates)
    return replace(result, seconds={"drawing": seconds / 2, "ranking": seconds / 2})


def test_the_estimate_fits_the_number_of_candidates_and_the_model():
    estimate = Estimate()
    assert estimate.seconds(16, "fake", None) is None
    for seconds in (2.0, 2.2, 30.0):
        estimate.learn(result_of(16, seconds))
    estimate.learn(result_of(32, 4.4))
    assert estimate.seconds(9, "fake", None) == pytest.approx(2.2)
    assert estimate.seconds(64, "fake", None) == pytest.approx(8.8)
    assert estimate.seconds(16, "mini", None) is None


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
    estimate = Estimate()
    warm_up(Warming(first), estimate, lambda: wanted)
    assert estimate.seconds(16, "fake", None) == seconds


def test_an_engine_knows_its_seconds_before_anybody_draws():
    engine = Engine(lambda: Warming(20.0), 5)
    engine.start()
    engine.wait_until_settled()
    assert engine.seconds == 2.0
    status, _ = next(Desk(engine).draw_all("a cat", {"candidates": 32}))
    assert status["seconds"] == 4.0


@pytest.fixture
def refused(desk, monkeypatch) -> Desk:
    """A desk whose engine has room for one more request."""
    draw, asked = desk.engine.draw, []

    def refuse(prompt, **knobs):
        asked.append(prompt)
        if len(asked) > 1:
            raise BusyError("30 requests are waiting.", retry_after=7.5)
        return draw(prompt, **knobs)

    monkeypatch.setattr(desk.engine, "draw", refuse)
    return desk


def test_what_is_refused_is_asked_for_again_and_nothing_else(refused):
    *_, (status, runs) = refused.draw_all("a cat\na dog\na cow", {})
    assert [run["state"] for run in runs] == ["done"]
    assert status["state"] == "refused"
    assert "Your prompt is kept" in status["line"]
    assert status["retry"] == {"seconds": 7.5, "text": "a dog\na cow", "more": True}


def test_a_single_picture_that_is_refused_is_asked_for_again(refused):
    list(refused.draw_all("a cat", {}))
    *_, (status, runs) = refused.draw_again("a cat", {}, 7)
    assert (status["state"], status["retry"], runs) == ("refused", {"seconds": 7.5}, [])
