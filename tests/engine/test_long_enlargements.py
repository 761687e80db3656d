"""An enlargement is work as every other: in turns, and at an end when its visitor has left."""

import threading
from collections.abc import Iterator

import pytest
from PIL import Image

from dalle.engine.lanes import Visitor
from dalle.engine.order import Order
from dalle.generation.editing import alteration
from dalle.generation.editing.alteration import Enlarge, Read
from dalle.generation.editing.enlarge import enlarge, slots_of
from dalle.generation.result import Result
from tests.engine.test_engine import started, wait_until
from tests.fakes.engine import FakePipeline
from tests.fakes.orders import ask

PHOTO = Image.new("RGB", (1400, 1100), "teal")  # of 13 slots


class Steps:
    """The steps of all enlargements, one after another; a test lets them go on."""

    def __init__(self) -> None:
        self.begun, self.go_on = 0, threading.Semaphore(0)

    def __call__(self, pipeline, picture, times) -> Iterator[Result | None]:
        last = Enlarge(picture, times).slots
        for number in range(1, last + 1):
            self.begun += 1
            self.go_on.acquire()
            yield Read(picture).answer(pipeline) if number == last else None


@pytest.fixture
def steps(monkeypatch) -> Steps:
    counted = Steps()
    monkeypatch.setattr(alteration, "enlarge", counted)
    return counted


def begin(engine, visitor: str, picture: Image.Image = PHOTO) -> Iterator:
    order = Order.parse("", alteration=Enlarge(picture))
    return engine.generate(order, visitor=Visitor(visitor))


def test_slots_are_as_many_as_there_are_steps():
    pipeline = FakePipeline()
    for size, times in (((100, 200), 2), ((900, 700), 2), ((600, 400), 4)):
        photo = Image.new("RGB", size)
        assert len(list(enlarge(pipeline, photo, times))) == slots_of(times, photo)
        assert Enlarge(photo, times).slots == slots_of(times, photo)


def test_others_are_drawn_between_the_turns_of_a_large_picture(steps):
    engine = started(FakePipeline())
    wait_until(lambda: engine.ready)
    large = begin(engine, "one")
    threading.Thread(target=list, args=(large,)).start()
    wait_until(lambda: steps.begun == 1)
    drawn = threading.Event()
    small = ask(engine, "a cat", visitor="another")
    threading.Thread(target=lambda: (list(small), drawn.set())).start()
    wait_until(lambda: engine.waiting >= 2)
    steps.go_on.release(9)  # two turns, and a slot more
    assert drawn.wait(10)
    assert steps.begun < Enlarge(PHOTO).slots
    steps.go_on.release(100)


def test_an_enlargement_that_nobody_waits_for_ends(steps):
    engine = started(FakePipeline())
    wait_until(lambda: engine.ready)
    frames = begin(engine, "one")
    next(frames)
    wait_until(lambda: steps.begun == 1)
    frames.close()
    steps.go_on.release(100)
    list(ask(engine, "a cat"))
    assert steps.begun == 1
