"""Recipes as links and back."""

import json
from urllib.parse import urlencode

import pytest

from dalle.serving.page.links import Link, read_query, tell_differences, write_query
from dalle.settings import GenerationSettings, SettingsError

RECIPE = {
    "model": "nano",
    "revision": "abc",
    "precision": "bfloat16",
    "machine": "cpu x86_64",
    "prompt": "a dog & a cat? #1 ünïcode",
    "seed": 42,
    "candidate": 7,
    "settings": GenerationSettings(seed=42, negative_prompt="rain", temperature=0.5).as_dict(),
}


def test_a_recipe_comes_back_from_its_link():
    order = read_query(write_query(RECIPE))
    assert order.prompt == RECIPE["prompt"]
    assert order.candidate == 7
    assert order.run
    told = {name: RECIPE["settings"][name] for name in order.knobs}
    assert order.knobs == told
    assert set(told) >= {"seed", "negative_prompt", "candidates", "temperature", "top_k"}
    assert order.origin == {
        name: RECIPE[name] for name in ("model", "revision", "precision", "machine")
    }


def test_the_seed_is_the_one_that_was_used():
    random = RECIPE | {"settings": GenerationSettings().as_dict()}
    assert read_query(write_query(random)).knobs["seed"] == 42


def test_a_link_does_not_run_unless_it_says_so():
    assert not read_query(write_query(RECIPE, run=False)).run
    assert not read_query("run=1").run  # nothing to draw


def test_what_is_not_told_or_not_known_is_left_alone():
    assert read_query("?__theme=dark&compact=1&prompt=a+cat") == Link(prompt="a cat")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("seed=lucky", "The link says seed=lucky, and it must be a whole number; mend the link"),
        ("top_p=all", "The link says top_p=all, and it must be a number"),
        ("seed=-1", "seed is -1; it must be a whole number from 0"),
        ("candidates=1000", "candidates is 1000; it must be a whole number from 9 to 64"),
        ("candidate=144", "only is .144,.; it must list candidate numbers from 0 to 143"),
        ("condition_scale=nan", "condition_scale is nan; it must be a number"),
        (f"prompt={'a' * 2_001}", "prompt has 2001 characters"),
        ("a=1&" * 2**16, "The link is too long to be one of ours"),
    ],
)
def test_what_cannot_be_is_a_sentence(query, sentence):
    with pytest.raises(SettingsError, match=sentence):
        read_query(query)


def test_differences_are_told():
    here = {"model": "nano", "revision": "abc", "precision": "float32", "machine": "cpu x86_64"}
    assert tell_differences({}, here) == ""
    assert tell_differences(here, here) == ""
    origin = here | {"precision": "bfloat16", "machine": "tpu v5 lite"}
    assert tell_differences(origin, here) == (
        "It was drawn in another precision: bfloat16 (here float32). Another kind of machine drew "
        "it: … (here cpu x86_64). Pictures drawn here will differ from it."
    )


def test_a_recipe_may_keep_its_prompt_to_itself():
    recipe = {name: value for name, value in RECIPE.items() if name != "prompt"}
    order = read_query(write_query(recipe))
    assert (order.prompt, order.run) == ("", False)
    assert order.knobs["seed"] == 42


@pytest.mark.parametrize(
    "words", ["your account is locked", "<b>nano</b>", "x" * 41, "nano\n", "纳诺", "a//b", "a?b=c"]
)
def test_a_strangers_words_are_not_repeated(words):
    here = {"model": "nano", "machine": "cpu x86_64"}
    told = tell_differences({"model": words, "machine": words}, here)
    assert told == (
        "Another model drew it: … (here nano). Another kind of machine drew it: … (here cpu "
        "x86_64). Pictures drawn here will differ from it."
    )
    for name in ("seed", "top_p", "candidate"):
        with pytest.raises(SettingsError) as refused:
            read_query(urlencode({name: f"{words} 1"}))
        assert str(refused.value).startswith(f"The link says {name}=…, and it must be")
    changes = json.dumps([{"edit": {}, "knobs": {"seed": f"{words} 1"}}])
    with pytest.raises(SettingsError, match="The link tells of changes that can't be read"):
        read_query(urlencode({"then": changes}))


@pytest.mark.parametrize(
    "name", ["mini", "random:mini", "dalle-mini/dalle-mini", "a/b@" + "0" * 7, "y" * 40]
)
def test_the_name_of_a_model_is_told(name):
    assert f"Another model drew it: {name} (here nano)." in tell_differences(
        {"model": name}, {"model": "nano"}
    )
