"""Recipes as links and back."""

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
        ("candidate=144", "only is .144,.; it must list candidate numbers from 0 to 63"),
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
        "it: tpu v5 lite (here cpu x86_64). Pictures drawn here will differ from it."
    )


def test_a_recipe_may_keep_its_prompt_to_itself():
    recipe = {name: value for name, value in RECIPE.items() if name != "prompt"}
    order = read_query(write_query(recipe))
    assert (order.prompt, order.run) == ("", False)
    assert order.knobs["seed"] == 42


def test_a_strangers_words_are_cut():
    here = {"model": "nano", "revision": "abc"}
    told = tell_differences({"model": "x" * 500, "revision": "y" * 40}, here)
    assert f"drew it: {'x' * 40}… (here nano). " in told
    assert f"drew it: {'y' * 40} (here abc). " in told
