"""What goes on with a picture takes the way of every other request through the engine."""

import pickle
import threading
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from dalle.engine.engine import LocalEngine
from dalle.engine.order import Order
from dalle.errors import DalleError, PromptRefused
from dalle.generation.editing.alteration import Alteration, Edit, Enlarge, Extend, Read, Vary
from dalle.generation.result import Picture, Preview, Result
from dalle.safety.pictures.checker import PictureChecker
from dalle.safety.prompts.filter import PromptFilter
from dalle.settings import SettingsError
from tests.engine.test_engine import started, wait_until
from tests.fakes.engine import FakePipeline
from tests.fakes.orders import ask


@pytest.fixture
def engine() -> LocalEngine:
    engine = started(FakePipeline())
    wait_until(lambda: engine.ready)
    return engine


@pytest.fixture
def picture(engine: LocalEngine) -> Picture:
    *_, result = ask(engine, "a cat", seed=3)
    return result.pictures[0]


def go_on(engine: LocalEngine, alteration: Alteration, prompt: str = "", **knobs) -> list:
    return list(engine.generate(Order.parse(prompt, alteration=alteration, **knobs)))


def test_an_edit_streams_previews_and_says_where_it_comes_from(engine, picture):
    mask = np.zeros((8, 8), bool)
    mask[:, 4:] = True
    frames = go_on(engine, Edit(picture, mask), "a dog", seed=9)
    assert [type(f) for f in frames if isinstance(f, Preview | Result)] == [Preview] * 4 + [Result]
    result = frames[-1]
    assert result.recipe["edited_from"] == picture.recipe
    assert result.recipe["edit"] == {
        "kind": "edit",
        "grid": [8, 8],
        "cells": np.flatnonzero(mask).tolist(),
    }
    pixels = [np.asarray(each.image) for each in result.pictures]
    assert all((each[:, :32] == (3, 240, 0)).all() for each in pixels)
    assert all((each[:, 32:, 0] == 9).all() for each in pixels)


def test_the_same_alteration_of_the_same_picture_is_not_generated_twice(engine, picture):
    generated = engine.active_model.pipeline.generated
    first = go_on(engine, Vary(picture, 0.3), seed=9)[-1]
    count = len(generated)
    assert go_on(engine, Vary(picture, 0.3), seed=9)[-1] is first
    assert len(generated) == count
    assert go_on(engine, Vary(picture, 0.4), seed=9)[-1] is not first
    assert go_on(engine, Extend(picture, "left"), seed=9)[-1] is not first
    other = Image.new("RGB", (64, 64))
    assert go_on(engine, Vary(other, 0.3), seed=9)[-1] is not first
    assert len(generated) == count + 3
    larger = go_on(engine, Enlarge(picture, 2))[-1]
    assert go_on(engine, Enlarge(picture, 2), seed=1)[-1] is larger


def test_without_a_prompt_it_is_that_of_the_picture(engine, picture):
    assert go_on(engine, Vary(picture), " ", seed=9)[-1].prompt == "a cat"


def test_a_larger_picture_and_a_read_one_are_answered_at_once(engine, picture):
    (result,) = (f for f in go_on(engine, Enlarge(picture, 4)) if isinstance(f, Result))
    assert [each.image.size for each in result.pictures] == [(256, 256)]
    assert result.recipe["edited_from"] == picture.recipe
    assert (result.prompt, result.seed) == ("a cat", 3)
    photo = Image.new("RGB", (100, 80), (200, 100, 0))
    read = go_on(engine, Read(photo))[-1]
    assert read.pictures[0].image.getpixel((5, 5)) == (55, 155, 255)
    assert read.recipe["edited_from"] == "a foreign picture"
    assert "differs by 152 of 255" in read.notes[0]
    assert engine.throughput.run_seconds(16, "fake") is not None  # neither was taken for a run


def test_the_filter_holds_for_the_prompt_of_an_alteration(picture):
    engine = LocalEngine(FakePipeline, 5, prompt_filter=PromptFilter.load("standard"))
    with pytest.raises(PromptRefused):
        engine.generate(Order.parse("a naked child", alteration=Vary(picture)))


class CountingFilter(PromptFilter):
    """Tells which texts it was asked about."""

    def __init__(self) -> None:
        super().__init__("standard")
        self.asked: list[str] = []

    def require(self, text: str, normalize: Callable[[str], str] | None = None) -> None:
        self.asked.append(text)
        super().require(text, normalize)


def test_a_prompt_is_judged_once(picture):
    judge, pipeline = CountingFilter(), FakePipeline()
    engine = LocalEngine(lambda: pipeline, 5, prompt_filter=judge)
    engine.start()
    wait_until(lambda: engine.ready)
    pipeline.judged.clear()  # that of the first picture after the start
    list(ask(engine, "a dog", seed=4))
    assert go_on(engine, Vary(picture), "a red dog")[-1].prompt == "a red dog"
    assert (judge.asked, pipeline.judged) == (["a dog", "", "a red dog", ""], [])
    # Nobody has judged the prompt of a picture.
    assert go_on(engine, Vary(picture), " ")[-1].prompt == "a cat"
    assert pipeline.judged == ["a cat"]


def test_a_prompt_that_came_before_the_model_is_judged_as_the_model_reads_it():
    pipeline, loaded = FakePipeline(), threading.Event()
    engine = LocalEngine(lambda: loaded.wait() and pipeline, 5)
    engine.start()
    frames = ask(engine, "a dog", seed=4)
    next(frames)
    loaded.set()
    list(frames)
    assert "a dog" in pipeline.judged


def test_what_the_check_hides_ends_its_own_request_alone(picture):
    pipeline = FakePipeline()
    pipeline.checker = PictureChecker(load=lambda: lambda pixels: 0.9)
    engine = started(pipeline)
    wait_until(lambda: engine.ready)
    for alteration in (Vary(Image.new("RGB", (64, 64))), Enlarge(Image.new("RGB", (64, 64)))):
        with pytest.raises(DalleError, match=r"can't be used\. Hidden: .* explicit"):
            go_on(engine, alteration)
    assert isinstance(list(ask(engine, "a cat"))[-1], Result)


def test_an_order_of_an_alteration_needs_no_prompt_and_others_do(picture):
    order = Order.parse("", alteration=Vary(picture))
    assert order.with_knobs(seed=3).alteration is order.alteration
    with pytest.raises(SettingsError, match="prompt is empty"):
        Order.parse("  ")


def test_an_order_of_an_alteration_travels_to_another_machine(picture):
    mask = np.eye(8, dtype=bool)
    photo = Image.new("RGB", (20, 30), "red")
    photo.info["ninefold"] = "{}"
    for alteration in (Edit(picture, mask), Vary(photo, 0.25), Enlarge(photo, 4)):
        order = Order.parse("a dog", seed=3, alteration=alteration)
        there = pickle.loads(pickle.dumps(order))  # as Ray sends it
        assert there.alteration.key == alteration.key
        assert there.knobs == order.knobs
