"""An example to look at while a refused prompt waits."""

import pytest

from dalle.engine.admission import BusyError
from dalle.engine.engine import LocalEngine
from dalle.serving.page.controller import PageController, refuse
from dalle.serving.page.events.while_waiting import meanwhile, nearest_example
from dalle.serving.page.examples import read_examples
from tests.engine.test_engine import wait_until
from tests.fakes.engine import FakePipeline, make_site

EXAMPLES = read_examples()


@pytest.fixture(scope="module")
def engine() -> LocalEngine:
    engine = LocalEngine(FakePipeline, 5)
    engine.start()
    wait_until(lambda: engine.ready)
    return engine


def refused(prompt: str) -> dict:
    return refuse(BusyError("Too many wait."), text=f"{prompt}\nanother one", more=False)


def test_the_nearest_example_is_shown_with_its_own_prompt(engine):
    (run,) = meanwhile(refused("two astronauts on the moon"), make_site(engine))
    assert run["note"].endswith("for “an astronaut riding a horse on the moon”.")
    assert run["sheet"] == "examples/an-astronaut-riding-a-horse-on-the-moon-small.webp"
    assert nearest_example("nothing of this", EXAMPLES) == [EXAMPLES[0]]
    assert nearest_example("a cat", ()) == []


def test_only_refusals_have_something_to_show(engine):
    *_, (status, runs) = PageController(engine).generate_all("a cat", {"seed": 3})
    assert meanwhile(status, make_site(engine)) == []
    assert [run["state"] for run in runs] == ["done"]
