"""What a page tells about the model that draws, and about one on its way."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from dalle.server_settings import ServerSettings
from dalle.serving.drawing import Desk
from dalle.serving.engine import Coming, Engine
from dalle.serving.functions import Functions
from dalle.serving.installed import Installed, Offer
from dalle.serving.page import defaults_now, restore_settings
from tests.serving.fake import FakePipeline, make_site


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
def engine() -> Engine:
    engine = Engine(FakePipeline, 5)
    engine.start()
    engine.wait_until_settled()
    return engine


def test_what_draws_is_told_and_the_rest_is_as_in_the_beginning(engine):
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
    engine = Engine(FakePipeline, 5, Installed(FakePipeline))
    engine.installed.add(Offer("other"))
    news = make_site(engine).news()
    assert (news["offered"], news["ready"]) == (["other"], False)
    engine.start()
    engine.wait_until_settled()
    news = make_site(engine).news()
    assert (news["offered"], news["ready"]) == (["fake", "other"], True)


def test_the_machine_is_the_one_that_draws(engine):
    serving = replace(engine.serving, machine="tpu v5 lite")
    site = make_site(SimpleNamespace(serving=serving))
    assert site.here == {**site.first, "machine": "tpu v5 lite"}


@pytest.mark.parametrize(
    ("coming", "line", "fraction"),
    [
        (Coming("mini", "downloading", 2, 4, 10, 20), "mini is being downloaded; until", 0.375),
        (Coming("mini", "downloading"), "until it is there, fake draws.", 0.0),
        (Coming("mini", "loading"), "mini is being loaded", None),
        (Coming("mini", "failed", failure="The disk is full."), "The disk is full.", None),
        (Coming("mini", "serving"), "", None),
    ],
)
def test_a_model_on_its_way_is_told(engine, coming, line, fraction):
    engine.coming = coming
    news = replace(make_site(engine), settings=ServerSettings(model="mini")).news()
    assert line in news["line"]
    assert (news["line"] == "") == (line == "")
    assert news["fraction"] == fraction


def test_a_model_that_will_only_be_offered_takes_nobodys_place(engine):
    engine.coming = Coming("mega", "downloading")
    line = make_site(engine).news()["line"]
    assert line == "mega is being downloaded; it can be chosen once it is there."


def test_the_sliders_follow_the_model_and_a_link_overrules_them(engine):
    desk, site = Desk(engine, {"condition_scale": 2.0}), make_site(engine)
    engine.switch(OtherPipeline())
    assert 3.5 in defaults_now(desk)
    names = ["seed", "condition_scale", "temperature"]
    prompt, *values, _, _ = restore_settings("prompt=a&temperature=2", "link", desk, names, site)
    assert prompt == "a"
    assert values[1:] == [3.5, 2.0]


def test_what_makes_no_sense_is_a_sentence(engine):
    functions = {f.__name__: f for f in Functions(Desk(engine), make_site(engine)).of_board()}
    for asked in ({}, {"name": 3}, None, "text"):
        for function in functions.values():
            assert "error" in function(asked)
