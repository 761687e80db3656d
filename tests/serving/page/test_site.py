"""What a page tells about the model that draws, and about one on its way."""

import base64
from dataclasses import replace
from types import SimpleNamespace

import pytest

from dalle.engine.engine import LocalEngine
from dalle.engine.model_pool import ModelInfo, ModelPool
from dalle.engine.status import ModelProgress
from dalle.safety.provenance.verify import verify
from dalle.safety.provenance.watermark import PUBLIC_KEY
from dalle.serving.page.controller import PageController
from dalle.serving.page.events.handlers import Handlers
from dalle.serving.page.events.restoring import defaults_now, restore_settings
from dalle.serving.settings import ServerSettings
from tests.fakes.engine import FakePipeline, make_site


class OtherPipeline(FakePipeline):
    """The fake under another name, with a default of its own."""

    def check(self, prompt, **knobs):
        return super().check(prompt, **{"condition_scale": 3.5, **knobs})

    def finish(self, run):
        result = super().finish(run)
        for picture in (result, *result.pictures, *result.rejected):
            picture.recipe["model"] = "other"
        return result


@pytest.fixture
def engine() -> LocalEngine:
    engine = LocalEngine(FakePipeline, 5)
    engine.start()
    engine.wait_until_settled()
    return engine


def test_what_generates_is_told_and_the_rest_is_as_in_the_beginning(engine):
    site = make_site(engine)
    assert site.here == site.first
    assert site.news() == {
        "model": "fake",
        "line": "",
        "fraction": None,
        "offered": ["fake"],
        "ready": True,
    }
    engine.switch(OtherPipeline())
    assert site.here == {**site.first, "model": "other"}
    assert site.switched
    assert site.known_words().comment("mordor") == ""


def test_before_a_model_is_there_no_choice_is_final():
    engine = LocalEngine(FakePipeline, 5, ModelPool(FakePipeline))
    engine.model_pool.add(ModelInfo("other"))
    news = make_site(engine).news()
    assert (news["offered"], news["ready"]) == (["other"], False)
    engine.start()
    engine.wait_until_settled()
    news = make_site(engine).news()
    assert (news["offered"], news["ready"]) == (["fake", "other"], True)


def test_the_machine_is_the_one_that_generates(engine):
    serving = replace(engine.active_model, machine="tpu v5 lite")
    site = make_site(SimpleNamespace(active_model=serving))
    assert site.here == {**site.first, "machine": "tpu v5 lite"}


@pytest.mark.parametrize(
    ("coming", "line", "fraction"),
    [
        (
            ModelProgress("mini", "downloading", 2, 4, 10, 20),
            "mini is being downloaded; until",
            0.375,
        ),
        (ModelProgress("mini", "downloading"), "until it is there, fake draws.", 0.0),
        (ModelProgress("mini", "loading"), "mini is being loaded", None),
        (ModelProgress("mini", "failed", failure="The disk is full."), "The disk is full.", None),
        (ModelProgress("mini", "serving"), "", None),
    ],
)
def test_a_model_on_its_way_is_told(engine, coming, line, fraction):
    engine.model_progress = coming
    news = replace(make_site(engine), settings=ServerSettings(model="mini")).news()
    assert line in news["line"]
    assert (news["line"] == "") == (line == "")
    assert news["fraction"] == fraction


def test_a_model_that_will_only_be_offered_takes_nobodys_place(engine):
    engine.model_progress = ModelProgress("mega", "downloading")
    line = make_site(engine).news()["line"]
    assert line == "mega is being downloaded; it can be chosen once it is there."


def test_the_sliders_follow_the_model_and_a_link_overrules_them(engine):
    controller, site = PageController(engine, {"condition_scale": 2.0}), make_site(engine)
    engine.switch(OtherPipeline())
    assert 3.5 in defaults_now(controller)
    names = ["seed", "condition_scale", "temperature"]
    prompt, *values, _, _ = restore_settings(
        "prompt=a&temperature=2", "link", controller, names, site
    )
    assert prompt == "a"
    assert values[1:] == [3.5, 2.0]


def test_what_makes_no_sense_is_a_sentence(engine):
    handlers = {
        f.__name__: f for f in Handlers(PageController(engine), make_site(engine)).of_board()
    }
    for asked in ({}, {"name": 3}, None, "text"):
        for function in handlers.values():
            assert "error" in function(asked)


def test_a_file_that_cannot_be_checked_is_a_sentence_beside_it(engine):
    site = replace(make_site(engine), verify=lambda content: verify(content, PUBLIC_KEY).conclusion)
    content = base64.b64encode(b"no picture").decode()
    told = Handlers(PageController(engine), site).read_picture({"content": content})
    assert told["verdict"].startswith("The file's first bytes are of no known picture; give a PNG")
    assert told["query"] == ""
