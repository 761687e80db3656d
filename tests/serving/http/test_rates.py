"""Limits by a clock of the test's own."""

import pytest

from dalle.serving.http import rates
from dalle.serving.http.rates import RateLimit


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_so_many_at_once_and_as_many_again_over_the_time(clock: Clock):
    limit = RateLimit(3, 60, clock)
    assert [limit.take("a") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert limit.take("a") == pytest.approx(20)
    assert limit.take("b") == 0.0  # each for itself
    clock.now += 19.9
    assert limit.take("a") == pytest.approx(0.1)
    clock.now += 0.1
    assert limit.take("a") == 0.0
    clock.now += 1000
    assert [limit.take("a") > 0 for _ in range(4)] == [False, False, False, True]


def test_what_is_refused_costs_nothing(clock: Clock):
    limit = RateLimit(100, 60, clock)
    assert limit.take("a", 90) == 0.0
    assert limit.take("a", 20) == pytest.approx(6)
    assert limit.take("a", 10) == 0.0


@pytest.mark.parametrize(("text", "wait"), [("2/second", 0.5), ("2/minute", 30), ("2/hour", 1800)])
def test_limits_as_the_setting_writes_them(text: str, wait: float):
    limit = RateLimit.read(text)
    limit._clock = lambda: 5.0
    limit.take("a", 2)
    assert limit.take("a") == pytest.approx(wait)


def test_the_clock_of_the_day_is_not_asked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("time.time", None)
    assert RateLimit(1, 3600).take("a") == 0.0


def test_those_who_owe_nothing_are_forgotten(clock: Clock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rates, "MOST_KNOWN", 10)
    limit = RateLimit(1, 60, clock)
    for visitor in range(10):
        limit.take(str(visitor))
    clock.now += 61
    limit.take("late")
    assert set(limit._paid_back) == {"late"}
