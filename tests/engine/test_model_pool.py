"""Models that may be chosen: which are offered, which are loaded, which are let go."""

import pytest

from dalle.engine.engine import LocalEngine
from dalle.engine.model_pool import ModelInfo, ModelPool
from dalle.engine.order import Order
from dalle.engine.status import QueueStatus
from dalle.generation.result import Result
from dalle.serving.page.controller import PageController, describe_wait
from dalle.serving.page.controls import choice_now
from dalle.serving.page.events.restoring import defaults_now, restore_settings
from dalle.serving.settings import ServerSettings
from dalle.settings import SettingsError
from tests.fakes.engine import FakePipeline, make_site
from tests.fakes.orders import ask

NANO = ModelInfo("nano", "1", {"condition_scale": 2.0})
MINI = ModelInfo("mini", "2", {"condition_scale": 5.0})


class Loader:
    """Makes fake pipelines, and remembers which."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def __call__(self, model: str) -> FakePipeline:
        self.loaded.append(model)
        return FakePipeline(name=model, precision="bfloat16")


@pytest.fixture
def load() -> Loader:
    return Loader()


@pytest.fixture
def engine(load: Loader) -> LocalEngine:
    """An engine whose active model is nano, where mini and mega are offered too."""
    pool = ModelPool(load)
    for info in (NANO, MINI, ModelInfo("mega")):
        pool.add(info)
    engine = LocalEngine(lambda: FakePipeline(name="nano", precision="bfloat16"), 5, pool)
    engine.start()
    engine.wait_until_settled()
    return engine


def made_with(engine: LocalEngine, **choice: str) -> tuple[str, str]:
    *_, result = ask(engine, "a cat", **choice)
    return result.recipe["model"], result.recipe["precision"]


def test_a_chosen_model_generates_and_is_loaded_at_its_first_use(engine, load):
    assert made_with(engine) == ("nano", "bfloat16")
    assert made_with(engine, model="nano", precision="auto") == ("nano", "bfloat16")
    assert load.loaded == []
    for _ in range(2):
        assert made_with(engine, model="mini") == ("mini", "bfloat16")
    assert load.loaded == ["mini"]
    assert engine.active_model.name == "nano"


def test_the_least_recently_used_one_gives_way(engine, load):
    made_with(engine, model="mini")
    made_with(engine, model="mega")
    made_with(engine, model="mini")
    assert load.loaded == ["mini", "mega", "mini"]


def test_the_one_that_drew_before_is_kept_for_who_chooses_it(engine, load):
    before = engine.active_model
    engine.switch(FakePipeline(name="mini", precision="bfloat16"))
    engine.model_pool.keep(before)
    assert engine.model_pool.names == ["mini", "nano", "mega"]
    assert made_with(engine, model="nano") == ("nano", "bfloat16")
    assert load.loaded == []


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"model": "giga"}, "model is 'giga'; it must be nano or mini or mega: the owner"),
        ({"precision": "int8"}, "precision is 'int8'; it must be auto or bfloat16"),
    ],
)
def test_what_is_not_offered_is_refused_before_the_queue(engine, choice, sentence):
    with pytest.raises(SettingsError, match=sentence):
        ask(engine, "a cat", **choice)
    ((status, runs),) = PageController(engine).generate_all("a cat", choice)
    assert (status["state"], runs) == ("failed", [])


def test_a_model_that_cannot_be_loaded_fails_its_own_request_alone(load):
    def fail(model: str) -> FakePipeline:
        raise MemoryError("5 GB")

    pool = ModelPool(fail)
    pool.add(MINI)
    engine = LocalEngine(FakePipeline, 5, pool)
    engine.start()
    *_, (status, _) = PageController(engine).generate_all("a cat", {"model": "mini"})
    assert "not enough memory" in status["line"]
    assert pool.loading is None
    assert isinstance(list(ask(engine, "a cat"))[-1], Result)


def test_pictures_are_ranked_again_by_the_model_that_drew_them(engine, load, monkeypatch):
    controller = PageController(engine)
    *_, (_, (run,)) = controller.generate_all("a cat", {"model": "mini"})
    scores = []
    monkeypatch.setattr(
        FakePipeline,
        "score",
        lambda self, images, text, likely: scores.append(self.name) or [0.0] * len(images),
    )
    controller.rank_again(run["name"], "a dog")
    assert scores == ["mini"]


def test_each_model_has_an_estimate_of_its_own(engine):
    controller = PageController(engine)
    assert controller.expect(Order.parse("a")) == 0.0
    assert controller.expect(Order.parse("a", model="mini")) is None
    made_with(engine, model="mini")
    assert controller.expect(Order.parse("a", model="mini", candidates=32)) == 0.0


def test_who_waits_for_a_model_to_be_loaded_is_told():
    line = describe_wait(QueueStatus(0, 1.0, False), 1.0, "mini")["line"]
    assert line == "mini is being loaded; your pictures come right after."


def test_a_link_selects_its_model_with_its_own_defaults(engine):
    controller, site = PageController(engine), make_site(engine)
    names = ["condition_scale", "model"]
    query = "prompt=a&model=mini&revision=2&precision=bfloat16"
    prompt, *values, status, _ = restore_settings(query, "link", controller, names, site)
    scale, model = values
    assert (prompt, scale) == ("a", 5.0)
    assert model.value == "mini"
    assert "will differ" not in status["line"]
    *_, status, _ = restore_settings("prompt=a&model=giga", "link", controller, names, site)
    assert "Another model drew it: giga (here nano)." in status["line"]


def test_the_sliders_follow_the_chosen_model(engine):
    controller = PageController(engine)
    assert defaults_now(controller, "nano") == defaults_now(controller)
    assert 5.0 in defaults_now(controller, "mini")
    assert 5.0 not in defaults_now(controller)


def test_a_control_is_shown_where_there_is_a_choice(engine):
    here = {"model": "nano", "precision": "bfloat16"}
    model, line = choice_now(engine, here)
    names = [(name, name) for name in ("nano", "mini", "mega")]
    assert (model.choices, model.value, model.visible, line) == (names, "nano", True, "")


def test_a_line_is_shown_where_there_is_none():
    engine = LocalEngine(FakePipeline, 5)
    engine.start()
    engine.wait_until_settled()
    model, line = choice_now(engine, {"model": "fake", "precision": "<b>"})
    assert (model.visible, model.value) == (False, None)
    assert (
        line == '<p class="nf-small" data-t>Drawn with fake in &lt;b&gt;.</p>'
    )  # translated there


@pytest.mark.parametrize(
    ("variables", "models"),
    [
        ({}, ["nano"]),
        ({"MODEL": "mini"}, ["mini", "nano"]),
        ({"MODEL": "mini", "MODELS": "mini"}, ["mini"]),
        ({"MODELS": "nano, mega,nano"}, ["nano", "mega"]),
    ],
)
def test_the_owner_decides_which_models_are_offered(variables, models):
    environment = {f"NINEFOLD_{name}": value for name, value in variables.items()}
    assert ServerSettings.from_environment(environment).offered_models == models


def test_a_variable_of_an_earlier_version_does_not_end_the_start(caplog):
    ServerSettings.from_environment({"NINEFOLD_PRECISIONS": "float32,int4"})
    assert "NINEFOLD_PRECISIONS does nothing any more" in caplog.text
