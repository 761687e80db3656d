"""The sliders: their ranges, and values outside of them."""

import pytest

from dalle.serving.page.controls import SLIDERS, add_knobs, collect, shown, useful_range
from dalle.settings import KNOBS, SettingsError


@pytest.mark.parametrize(
    ("name", "default", "limits"),
    [
        ("condition_scale", 1.5, (1, 3)),
        ("condition_scale", 10.0, (1, 20)),
        ("condition_scale", 50.0, (1, 50)),
        ("temperature", 0.4, (0, 1)),
        ("temperature", 1.0, (0, 2)),
        ("candidates", 16, (9, 64)),
    ],
)
def test_a_slider_reaches_twice_a_models_default(name, default, limits):
    assert useful_range(KNOBS[name], default) == limits


def test_a_value_outside_widens_its_slider():
    assert shown("condition_scale", 5.0) == 5.0
    wide = shown("condition_scale", 80.0)
    assert (wide.minimum, wide.maximum, wide.value) == (1, 80.0, 80.0)


def test_a_value_outside_is_left_to_the_sentence_of_an_order():
    controls = add_knobs({"temperature": 0.4})
    assert all(controls[name].preprocess(10_000) == 10_000 for name in SLIDERS)


@pytest.mark.parametrize("seed", ["my number", "-1", "1.5", "99999999999", "9" * 5000, "٣"])
def test_a_seed_that_cannot_be_is_a_sentence(seed):
    with pytest.raises(SettingsError, match=r"The seed is .*; it must be a whole number from 0 to"):
        collect(["seed"], [seed])


@pytest.mark.parametrize(("seed", "number"), [("7", 7), (" 4294967295 ", 2**32 - 1), ("", None)])
def test_a_seed_is_read(seed, number):
    assert collect(["seed"], [seed]) == {"seed": number}
