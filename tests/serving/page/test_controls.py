"""The sliders: their ranges, and values outside of them."""

import pytest

from dalle.serving.page.controls import SLIDERS, add_knobs, shown, useful_range
from dalle.settings import KNOBS


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
