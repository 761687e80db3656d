"""A run that is planned by the clock cools down and ends in time, over several calls."""

import json

import pytest

from dalle.training import clock as module
from dalle.training.clock import Clock, rate_now
from dalle.training.run import Run


@pytest.fixture
def now(monkeypatch):
    passed = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: passed[0])
    return passed


def test_the_rate_falls_over_the_last_part_of_the_time(now):
    clock, rates = Clock(minutes=10, cooldown=0.5), []
    clock.start()
    for minute in (0, 4, 5, 7.5, 9, 10):
        now[0] = 100 + 60 * minute
        rates.append(round(clock.rate, 3))
    assert rates == [1, 1, 1, 0.5, 0.2, 0.02]
    assert clock.is_over
    assert float(rate_now(clock)) == pytest.approx(0.02)
    assert float(rate_now(None)) == 1


def test_a_later_call_goes_on_where_the_former_one_stopped(now, tmp_path):
    run = Run(tmp_path)
    assert run.seconds == 0
    run.log(25, {"loss": 1.0, "seconds": 240.0})
    run.log(25, {"held_out": 1.0})
    clock = Clock(minutes=10, cooldown=1.0, spent=run.seconds)
    assert clock.rate == pytest.approx(0.6)
    now[0] += 30  # for compiling: no training yet
    assert clock.spent == 240
    clock.start()
    now[0] += 60
    assert clock.spent == 300
    assert not clock.is_over
    rows = (tmp_path / "log.jsonl").read_text().splitlines()
    assert json.loads(rows[0])["seconds"] == 240
