"""The advanced settings: one control for each knob, with its limits and a line that explains it."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from dalle.settings import LIMITS, GenerationSettings

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
        "seed": gr.Number(
            label="Seed",
            info=f"The same number draws the same pictures, {low} to {high}. "
            "Empty: another one each time.",
            precision=0,
            elem_id="seed",
        ),
        "negative_prompt": gr.Textbox(
            "", label="Negative prompt", info="What to stay away from.", elem_id="against"
        ),
    }
    for name in SLIDERS:
        controls[name] = _add_slider(name, defaults)
    return controls


def _add_slider(name: str, defaults: Mapping[str, Any]) -> gr.Slider:
    low, high = LIMITS[name]
    label, info, step = SLIDERS[name]
    value = defaults.get(name, GenerationSettings.__dataclass_fields__[name].default)
    return gr.Slider(low, high, value, step=step, label=label, info=info, elem_id=name)
