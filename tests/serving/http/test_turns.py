"""Work beside the queue: a visitor can't take every turn, nor every thread."""

import threading

import pytest

from dalle.errors import DalleError
from dalle.serving.http.turns import Turns


def hold(turns: Turns, visitor: str, release: threading.Event) -> threading.Thread:
    """A thread of a visitor that keeps its turn, or waits for it."""
    counted = threading.Event()

    def work() -> None:
        counted.set()
        with turns.take(visitor):
            release.wait()

    thread = threading.Thread(target=work)
    thread.start()
    counted.wait()
    while not turns.waiting(visitor):
        threading.Event().wait(0.001)
    return thread


def test_a_visitor_has_few_and_others_still_come_in():
    turns, release = Turns(at_once=2, each=1, most=3), threading.Event()
    threads = [hold(turns, "a", release)]
    try:
        with pytest.raises(DalleError, match="Too many pictures are being read"):
            turns.take("a").__enter__()
        with turns.take("b"):
            pass
    finally:
        release.set()
        for thread in threads:
            thread.join()
    with turns.take("a"):
        assert turns.waiting("a") == 1
    assert turns.waiting("a") == 0


def test_those_who_have_none_find_a_place_where_others_have_all():
    turns, release = Turns(at_once=2, each=2, most=2), threading.Event()
    threads = [hold(turns, "a", release), hold(turns, "b", release)]
    with pytest.raises(DalleError, match="Too many"):
        turns.take("a").__enter__()
    threads.append(hold(turns, "c", release))
    release.set()
    for thread in threads:
        thread.join()


def test_all_together_have_an_end_too():
    turns, release = Turns(at_once=1, each=1, most=1), threading.Event()
    threads = [hold(turns, visitor, release) for visitor in "ab"]
    try:
        with pytest.raises(DalleError, match="try it again in a minute"):
            turns.take("d").__enter__()
    finally:
        release.set()
        for thread in threads:
            thread.join()
    with turns.take("d"):
        pass


def test_visitors_take_turns_however_many_one_has_waiting():
    turns, release, served = Turns(at_once=1, each=4, most=9), threading.Event(), []
    first = hold(turns, "x", release)

    def work(visitor: str) -> None:
        with turns.take(visitor):
            served.append(visitor)

    threads = []
    for count, visitor in enumerate("aaabcb", start=1):
        threads.append(threading.Thread(target=work, args=(visitor,)))
        threads[-1].start()
        while sum(map(turns.waiting, "abc")) < count:
            threading.Event().wait(0.001)
    release.set()
    for thread in [first, *threads]:
        thread.join()
    assert "".join(served) == "abcaba"


def test_a_turn_ends_with_an_exception():
    turns = Turns(at_once=1, each=1)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), turns.take("a"):
            raise ValueError("broken")
