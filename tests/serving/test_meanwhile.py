"""What is shown to whoever finds no room: a kept result or an example, and nobody's secret."""

import base64
import io
import json

import pytest
from PIL import Image

from dalle.safety.provenance import RECIPE_CHUNK
from dalle.serving.drawing import Desk, refuse
from dalle.serving.engine import BusyError, Engine
from dalle.serving.examples import read_examples
from dalle.serving.meanwhile import meanwhile, nearest_example
from dalle.serving.words import KnownWords
from tests.serving.fake import FakePipeline, make_site
from tests.serving.test_engine import wait_until

EXAMPLES = read_examples()


@pytest.fixture(scope="module")
def engine() -> Engine:
    engine = Engine(FakePipeline, 5)
    engine.start()
    wait_until(lambda: engine.ready)
    for prompt, knobs in [
        ("a red cat", {}),
        ("red cat 4471", {}),
        ("Jane and a red cat", {}),
        ("a red dog", {"negative_prompt": "Jane"}),
    ]:
        list(engine.draw(prompt, **knobs))
    wait_until(lambda: len(engine.cache) == 4)
    return engine


def refused(prompt: str) -> dict:
    return refuse(BusyError("Too many wait."), text=f"{prompt}\nanother one", more=False)


def open_uri(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition("base64,")[2])))


def test_the_nearest_result_is_shown_and_dated_without_its_prompt(engine):
    (run,) = meanwhile(refused("A red, big apple and a CAT"), make_site(engine))
    assert run["state"] == "meanwhile"
    assert "While you wait: drawn for a similar prompt, not for yours, on 20" in run["note"]
    assert run["note"].endswith("UTC by fake.")
    image = open_uri(run["sheet"])
    assert image.convert("RGB").getpixel((40, 40))[0] in range(4, 18)  # the seed of the fake: 11
    # A file of ours like all others, that tells nothing of a stranger's order.
    assert set(json.loads(image.text[RECIPE_CHUNK])) == {"made"}
    assert "a red cat" not in str(run)


@pytest.mark.parametrize("prompt", ["Jane and a red dog", "red cat 4471", "a cat", "Jane"])
def test_what_may_tell_of_a_person_is_shown_to_nobody(engine, prompt):
    (run,) = meanwhile(refused(prompt), make_site(engine))
    assert run["note"].startswith("While you wait: an example, not drawn for you")


def test_who_knows_the_secret_words_is_shown_what_has_none(engine):
    words = make_site(engine).words
    nearest = engine.cache.nearest("Jane and a red cat 4471", words.cover)
    assert nearest.result.prompt == "a red cat"


def test_a_model_without_a_list_of_words_shows_examples_alone(engine):
    assert not KnownWords().cover("a red cat")
    assert engine.cache.nearest("a red cat", KnownWords().cover) is None


def test_the_nearest_example_is_shown_with_its_own_prompt(engine):
    (run,) = meanwhile(refused("two astronauts on the moon"), make_site(engine))
    assert run["note"].endswith("for “an astronaut riding a horse on the moon”.")
    assert open_uri(run["sheet"]).width > 100
    assert nearest_example("nothing of this", EXAMPLES) == [EXAMPLES[0]]
    assert nearest_example("a cat", ()) == []


def test_only_refusals_have_something_to_show(engine):
    *_, (status, runs) = Desk(engine).draw_all("a cat", {"seed": 3})
    assert meanwhile(status, make_site(engine)) == []
    assert [run["state"] for run in runs] == ["done"]
