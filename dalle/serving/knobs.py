"""The advanced settings: one control for each knob, with its limits and a line that explains it."""

from collections.abc import Iterable, Mapping
from typing import Any

import gradio as gr

from dalle.settings import LIMITS, GenerationSettings, SettingsError

# name: (label, what it does, step)
SLIDERS = {
    "candidates": ("Candidates", "How many are drawn; the best nine are shown.", 1),
    "condition_scale": ("Condition scale", "How closely to follow the prompt; 1 is free.", 0.5),
    "temperature": ("Temperature", "How adventurous to be; 0 takes the likeliest picture.", 0.05),
    "top_k": ("Top k", "Draw among so many of the likeliest codes; 0 takes all.", 1),
    "top_p": ("Top p", "Draw among the likeliest codes that make up this share.", 0.01),
}


def add_knobs(defaults: Mapping[str, Any]) -> dict[str, gr.components.Component]:
    """The controls by the names of GenerationSettings, at a model's own defaults."""
    low, high = LIMITS["seed"]
    controls: dict[str, gr.components.Component] = {
        # A box of text: an empty one of numbers comes back as 0.
        "seed": gr.Textbox(
            "",
            label="Seed",
            info=f"The same number draws the same pictures; from {low} to {high}.",
            placeholder="another one each time",
            elem_id="seed",
        ),
        "negative_prompt": gr.Textbox(
            "", label="Negative prompt", info="What to stay away from.", elem_id="against"
        ),
    }
    for name in SLIDERS:
        controls[name] = _add_slider(name, defaults)
    return controls


def collect(names: Iterable[str], values: Iterable[Any]) -> dict[str, Any]:
    """The knobs out of their controls; SettingsError for a seed that is no number."""
    chosen = {name: value for name, value in zip(names, values, strict=True) if value is not None}
    text = str(chosen.get("seed", "")).strip()
    if text and not (text.isascii() and text.isdecimal()):
        low, high = LIMITS["seed"]
        raise SettingsError(
            f"The seed is {text[:20]!r}; it must be a whole number from {low} to {high}, or empty."
        )
    return chosen | {"seed": int(text) if text else None}


def shown(name: str, value: Any) -> Any:
    """A knob's value as its control takes it."""
    return str(value) if name == "seed" else value


def _add_slider(name: str, defaults: Mapping[str, Any]) -> gr.Slider:
    low, high = LIMITS[name]
    label, info, step = SLIDERS[name]
    value = defaults.get(name, GenerationSettings.__dataclass_fields__[name].default)
    return gr.Slider(low, high, value, step=step, label=label, info=info, elem_id=name)
