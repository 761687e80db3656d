"""Each setting's limits, and the sentence for what is out of them."""

import json
import re
from typing import Any

import numpy as np
import pytest

from dalle.errors import DalleError
from dalle.settings import GenerationSettings, SettingsError, check_precision, check_prompt

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("knobs", "sentence"),
    [
        ({"candidates": 0}, "candidates is 0; it must be a whole number from 9 to 64"),
        ({"candidates": 8}, "candidates is 8; it must be a whole number from 9 to 64"),
        ({"candidates": 145}, "candidates is 145; .* from 9 to 64, or 144 outside of a page"),
        ({"candidates": 9.5}, "candidates is 9.5; it must be a whole number from 9 to 64"),
        ({"candidates": "16"}, "candidates is '16'; it must be a whole number from 9 to 64"),
        ({"candidates": True}, "candidates is True; it must be a whole number from 9 to 64"),
        ({"keep": 0}, "keep is 0; it must be a whole number from 1 to .* drawn, which is 16"),
        ({"keep": 17}, "keep is 17; it must be a whole number from 1 to .* drawn, which is 16"),
        ({"keep": NAN}, "keep is nan; it must be a whole number from 1 to .* drawn, which is 16"),
        ({"keep": 2, "only": [3]}, "keep is 2; .* drawn, which is 1"),
        ({"seed": -1}, "seed is -1; it must be a whole number from 0 to 4294967295"),
        ({"seed": 2**32}, "seed is 4294967296; it must be a whole number from 0 to 4294967295"),
        ({"seed": 10**400}, "seed is 1000.*; it must be a whole number from 0 to 4294967295"),
        ({"only": [10**400]}, "only is .*; it must list candidate numbers from 0 to 143"),
        ({"keep": 10**400}, "keep is 1000.*; it must be a whole number from 1 to the number of"),
        ({"temperature": -(10**400)}, "temperature is -1000.*; it must be a number from 0 to 10"),
        ({"seed": INFINITY}, "seed is inf; it must be a whole number from 0 to 4294967295"),
        ({"condition_scale": -1}, "condition_scale is -1; it must be a number from 0 to 100"),
        ({"condition_scale": NAN}, "condition_scale is nan; it must be a number from 0 to 100"),
        ({"condition_scale": INFINITY}, "condition_scale is inf; it must be a number from 0 to"),
        ({"condition_scale": []}, r"condition_scale is \[\]; it must be a number from 0 to 100"),
        ({"temperature": -0.1}, "temperature is -0.1; it must be a number from 0 to 10"),
        ({"temperature": NAN}, "temperature is nan; it must be a number from 0 to 10"),
        ({"temperature": 1j}, r"temperature is 1j; it must be a number from 0 to 10"),
        ({"top_k": -1}, "top_k is -1; it must be a whole number from 0 to 256"),
        ({"top_k": 257}, "top_k is 257; it must be a whole number from 0 to 256"),
        ({"top_p": 0}, "top_p is 0; it must be a number from 0.01 to 1"),
        ({"top_p": 1.1}, "top_p is 1.1; it must be a number from 0.01 to 1"),
        ({"top_p": -INFINITY}, "top_p is -inf; it must be a number from 0.01 to 1"),
        ({"only": []}, r"only is \[\]; it must list candidate numbers from 0 to 143"),
        ({"only": 3}, "only is 3; it must list candidate numbers from 0 to 143"),
        ({"only": "12"}, "only is '12'; it must list candidate numbers from 0 to 143"),
        ({"only": [1, 1]}, r"only is \[1, 1\]; it must list candidate numbers .* each once"),
        ({"only": [144]}, r"only is \[144\]; it must list candidate numbers from 0 to 143"),
        ({"only": [NAN]}, r"only is \[nan\]; it must list candidate numbers from 0 to 143"),
        ({"only": [None]}, r"only is \[None\]; it must list candidate numbers from 0 to 143"),
        ({"negative_prompt": 5}, "negative_prompt is 5; it must be text"),
        ({"negative_prompt": "x" * 2_001}, "negative_prompt has 2001 characters; at most 2000"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_fault_gets_one_sentence(knobs: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=f"^{sentence}") as caught:
        GenerationSettings(**knobs)
    message = str(caught.value)
    assert message.endswith(".")
    assert len(re.findall(r"\.(\s|$)", message)) == 1


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ("", "The prompt is empty; write a few words about what to draw."),
        (" \n\t", "The prompt is empty; write a few words about what to draw."),
        (None, "prompt is None; it must be text."),
        (["a", "b"], r"prompt is \['a', 'b'\]; it must be text."),
        ("x" * 2_001, "prompt has 2001 characters; at most 2000 are read, so shorten it"),
        ("a \ud83d", "prompt holds half a character"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_prompt_that_cannot_be_generated(prompt: Any, sentence: str) -> None:
    with pytest.raises(SettingsError, match=f"^{sentence}"):
        check_prompt(prompt)


def test_prompts_are_taken_as_they_are() -> None:
    for prompt in ("a red apple", " 苹果 🍎 ", "x" * 2_000):
        assert check_prompt(prompt) == prompt


def test_the_limits_themselves_are_allowed() -> None:
    GenerationSettings(
        seed=0, candidates=9, keep=9, condition_scale=0, temperature=0, top_k=0, top_p=0.01
    )
    GenerationSettings(
        seed=2**32 - 1, candidates=144, keep=144, condition_scale=100, temperature=10, top_k=256
    )
    assert GenerationSettings(only=[143, 0]).candidate_numbers == (143, 0)


def test_keep_is_nine_or_all_there_are() -> None:
    assert GenerationSettings().keep == 9
    assert GenerationSettings(only=[3, 5]).keep == 2
    assert GenerationSettings(only=[3, 5], keep=1).keep == 1


def test_numbers_become_plain_ones_that_json_can_hold() -> None:
    settings = GenerationSettings(
        seed=np.uint32(7), candidates=16.0, top_p=np.float32(0.5), only=np.array([1, 2])
    )
    text = json.dumps(settings.as_dict())
    assert GenerationSettings(**json.loads(text)) == settings
    assert isinstance(settings.candidates, int)


def test_a_models_defaults_are_overruled_by_what_is_given() -> None:
    settings = GenerationSettings.of({"top_k": 32, "temperature": 0.9}, {"top_k": 8, "seed": None})
    assert (settings.top_k, settings.temperature, settings.seed) == (8, 0.9, None)


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="no setting named 'cfg'; choose among seed, "):
        GenerationSettings.of({}, {"cfg": 3})


def test_precision() -> None:
    assert check_precision("int8") == "int8"
    allowed = "it must be one of auto, bfloat16, float16, float32, int8"
    with pytest.raises(SettingsError, match=f"precision is 'int4'; {allowed}"):
        check_precision("int4")


def test_a_fault_is_for_programs_and_for_people() -> None:
    assert issubclass(SettingsError, ValueError)
    assert issubclass(SettingsError, DalleError)
