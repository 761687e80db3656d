"""Pictures that wait to be gone on with take a bounded part of memory."""

import pytest
from PIL import Image

from dalle.engine import scheduler
from dalle.engine.admission import BusyError
from dalle.engine.engine import LocalEngine
from dalle.engine.lanes import Visitor
from dalle.engine.order import Order
from dalle.generation.editing.alteration import Enlarge, Vary
from tests.fakes.engine import FakePipeline
from tests.fakes.orders import ask


def test_too_many_waiting_pictures_are_refused_and_prompts_are_not(monkeypatch):
    monkeypatch.setattr(scheduler, "MOST_PIXELS", 2 * 100 * 100)
    engine = LocalEngine(FakePipeline, 10)  # never started: whoever comes waits
    photo = Image.new("RGB", (100, 100))
    waiting = [
        engine.generate(Order.parse("", alteration=alteration))
        for alteration in (Vary(photo), Enlarge(photo), Vary(photo))
    ]
    for frames in waiting[:2]:
        next(frames)
    with pytest.raises(BusyError, match="Too many pictures are waiting to be gone on with"):
        next(waiting[2])
    next(ask(engine, "a cat"))
    waiting[0].close()
    next(engine.generate(Order.parse("", alteration=Vary(photo))))


def test_pictures_of_one_visitor_leave_room_for_those_of_others(monkeypatch):
    monkeypatch.setattr(scheduler, "MOST_PIXELS", 8 * 100 * 100)
    engine = LocalEngine(FakePipeline, 10)  # never started: whoever comes waits
    photo = Image.new("RGB", (100, 100))

    def wait(visitor: str) -> None:
        order = Order.parse("", alteration=Vary(photo))
        waiting.append(engine.generate(order, visitor=Visitor(visitor)))
        next(waiting[-1])

    waiting: list = []  # else they would leave
    wait("one")
    wait("one")
    with pytest.raises(BusyError, match="Too many pictures are waiting to be gone on with"):
        wait("one")
    wait("another")
