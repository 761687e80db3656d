"""Models and precisions that may be chosen: what is offered, what is loaded, what is let go."""

import pytest

from dalle.generation.result import Result
from dalle.server_settings import ServerSettings
from dalle.serving.choosing import choices_now
from dalle.serving.drawing import Desk, describe_wait
from dalle.serving.engine import Engine, Waiting
from dalle.serving.installed import Installed, Offer
from dalle.serving.page import defaults_now, restore_settings
from dalle.settings import SettingsError
from tests.serving.fake import FakePipeline, make_site

NANO = Offer("nano", "1", {"condition_scale": 2.0})
MINI = Offer("mini", "2", {"condition_scale": 5.0})


class Loader:
    """Makes fake pipelines, and remembers which."""

    def __init__(self) -> None:
        self.loaded: list[tuple[str, str | None]] = []

    def __call__(self, model: str, precision: str | None) -> FakePipeline:
        self.loaded.append((model, precision))
        return FakePipeline(name=model, precision=precision)


@pytest.fixture
def load() -> Loader:
    return Loader()


@pytest.fixture
def engine(load: Loader) -> Engine:
    """An engine that draws with nano in bfloat16, where mini and float32 are offered too."""
    installed = Installed(load, ["bfloat16", "float32"])
    for offer in (NANO, MINI):
        installed.add(offer)
    engine = Engine(lambda: FakePipeline(name="nano", precision="bfloat16"), 5, installed)
    engine.start()
    engine.wait_until_settled()
    return engine


def drawn_with(engine: Engine, **choice: str) -> tuple[str, str]:
    *_, result = engine.draw("a cat", **choice)
    return result.recipe["model"], result.recipe["precision"]


def test_what_is_chosen_draws_and_is_loaded_at_its_first_use(engine, load):
    assert drawn_with(engine) == ("nano", "bfloat16")
    assert drawn_with(engine, model="nano", precision="auto") == ("nano", "bfloat16")
    assert load.loaded == []
    for _ in range(2):
        assert drawn_with(engine, model="mini") == ("mini", "bfloat16")
    assert load.loaded == [("mini", "bfloat16")]
    assert engine.serving.name == "nano"


def test_the_least_recently_used_one_gives_way(engine, load):
    drawn_with(engine, model="mini")
    drawn_with(engine, precision="float32")
    drawn_with(engine, model="mini")
    assert load.loaded == [("mini", "bfloat16"), ("nano", "float32"), ("mini", "bfloat16")]


def test_the_one_that_drew_before_is_kept_for_who_chooses_it(engine, load):
    before = engine.serving
    engine.switch(FakePipeline(name="mini", precision="bfloat16"))
    engine.installed.keep(before)
    assert engine.installed.models(engine.serving) == ["mini", "nano"]
    assert drawn_with(engine, model="nano") == ("nano", "bfloat16")
    assert load.loaded == []


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"model": "mega"}, "model is 'mega'; it must be nano or mini: whoever runs"),
        ({"precision": "int8"}, "precision is 'int8'; it must be bfloat16 or float32"),
    ],
)
def test_what_is_not_offered_is_refused_before_the_queue(engine, choice, sentence):
    with pytest.raises(SettingsError, match=sentence):
        engine.draw("a cat", **choice)
    ((status, runs),) = Desk(engine).draw_all("a cat", choice)
    assert (status["state"], runs) == ("failed", [])


def test_a_model_that_cannot_be_loaded_fails_its_own_request_alone(load):
    def fail(model: str, precision: str | None) -> FakePipeline:
        raise MemoryError("5 GB")

    installed = Installed(fail)
    installed.add(MINI)
    engine = Engine(FakePipeline, 5, installed)
    engine.start()
    *_, (status, _) = Desk(engine).draw_all("a cat", {"model": "mini"})
    assert "not enough memory" in status["line"]
    assert installed.loading is None
    assert isinstance(list(engine.draw("a cat"))[-1], Result)


def test_pictures_are_ranked_again_by_the_model_that_drew_them(engine, load, monkeypatch):
    desk = Desk(engine)
    *_, (_, (run,)) = desk.draw_all("a cat", {"model": "mini"})
    scores = []
    monkeypatch.setattr(
        FakePipeline,
        "score",
        lambda self, images, text, likely: scores.append(self.name) or [0.0] * len(images),
    )
    desk.rank_again(run["name"], "a dog")
    assert scores == ["mini"]


def test_each_model_has_an_estimate_of_its_own(engine):
    desk = Desk(engine)
    assert desk.expect({}) == 0.0
    assert desk.expect({"model": "mini"}) is None
    drawn_with(engine, model="mini")
    assert desk.expect({"model": "mini", "candidates": 32}) == 0.0


def test_who_waits_for_a_model_to_be_loaded_is_told():
    line = describe_wait(Waiting(0, 1.0, False), 1.0, "mini")["line"]
    assert line == "mini is being loaded; your pictures come right after."


def test_a_link_selects_its_model_with_its_own_defaults(engine):
    desk, site = Desk(engine), make_site(engine)
    names = ["condition_scale", "model", "precision"]
    query = "prompt=a&model=mini&revision=2&precision=float32"
    prompt, *values, status, _ = restore_settings(query, "link", desk, names, site)
    scale, *controls = values
    assert (prompt, scale) == ("a", 5.0)
    assert [control.value for control in controls] == ["mini", "float32"]
    assert "will differ" not in status["line"]
    *_, status, _ = restore_settings("prompt=a&model=mega", "link", desk, names, site)
    assert "It was drawn with model mega (here nano)" in status["line"]


def test_the_sliders_follow_the_chosen_model(engine):
    desk = Desk(engine)
    assert defaults_now(desk, "nano") == defaults_now(desk)
    assert 5.0 in defaults_now(desk, "mini")
    assert 5.0 not in defaults_now(desk)


def test_a_control_is_shown_where_there_is_a_choice(engine):
    here = {"model": "nano", "precision": "bfloat16"}
    model, precision, line = choices_now(engine, here)
    assert (model.choices, model.value, model.visible) == (
        [("nano",) * 2, ("mini",) * 2],
        "nano",
        True,
    )
    assert (precision.value, precision.visible, line) == ("bfloat16", True, "")


def test_a_line_is_shown_where_there_is_none():
    engine = Engine(FakePipeline, 5)
    engine.start()
    engine.wait_until_settled()
    model, precision, line = choices_now(engine, {"model": "fake", "precision": "<b>"})
    assert (model.visible, precision.visible) == (False, False)
    assert (model.value, precision.value) == (None, None)
    assert "Drawn with model fake and precision &lt;b&gt;; whoever runs this page" in line


@pytest.mark.parametrize(
    ("variables", "models", "precisions"),
    [
        ({}, ["nano"], ["auto"]),
        ({"MODEL": "mini"}, ["mini", "nano"], ["auto"]),
        ({"MODEL": "mini", "MODELS": "mini"}, ["mini"], ["auto"]),
        (
            {"MODELS": "nano, mega,nano", "PRECISIONS": "float32,bfloat16"},
            ["nano", "mega"],
            ["auto", "float32", "bfloat16"],
        ),
    ],
)
def test_the_owner_decides_what_is_offered(variables, models, precisions):
    environment = {f"NINEFOLD_{name}": value for name, value in variables.items()}
    settings = ServerSettings.from_environment(environment)
    assert settings.offered_models == models
    assert settings.offered_precisions == precisions


def test_an_unknown_precision_ends_the_start():
    with pytest.raises(SettingsError, match="precision is 'int4'; it must be one of auto"):
        ServerSettings.from_environment({"NINEFOLD_PRECISIONS": "float32,int4"})
