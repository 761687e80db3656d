"""The advanced settings: one control for each knob, with its limits and a line that explains it."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import gradio as gr

from dalle.engine.protocol import Engine
from dalle.knobs import Knob
from dalle.serving.page.words.languages import say
from dalle.settings import KNOBS, LIMITS, SettingsError

SLIDERS = tuple(name for name, knob in KNOBS.items() if knob.useful)


def add_knobs(defaults: Mapping[str, Any]) -> dict[str, gr.components.Component]:
    """The controls by the names of GenerationSettings, at a model's own defaults."""
    controls: dict[str, gr.components.Component] = {
        # A box of text: an empty one of numbers comes back as 0.
        "seed": gr.Textbox(
            "",
            label=say("Seed"),
            info=say("Leave it empty for new pictures each time."),
            elem_id="seed",
        ),
        "negative_prompt": gr.Textbox("", label=say("Not in the picture"), elem_id="against"),
    }
    for name in SLIDERS:
        controls[name] = _add_slider(name, defaults)
    return controls


def collect(names: Iterable[str], values: Iterable[Any]) -> dict[str, Any]:
    """The knobs out of their controls; SettingsError for a seed that is no such number."""
    chosen = {name: value for name, value in zip(names, values, strict=True) if value is not None}
    text = str(chosen.get("seed", "")).strip()
    low, high = LIMITS["seed"]
    # Digits by the thousand are no number that Python reads.
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(high))
    if text and not (is_number and low <= int(text) <= high):
        raise SettingsError(
            f"The seed is {text[:20]!r}; it must be a whole number from {low} to {high}, or empty."
        )
    return chosen | {"seed": int(text) if text else None}


def shown(name: str, value: Any, usual: Any = None) -> Any:
    """A knob's value as its control takes it; a slider is made wide enough for it.

    A rare one is there only for another value than the usual one.
    """
    if name not in SLIDERS:
        return str(value) if name == "seed" else value
    if KNOBS[name].rare:
        return gr.Slider(value=value, visible=value != usual)
    low, high = KNOBS[name].useful
    if low <= value <= high:
        return value
    return gr.Slider(minimum=min(low, value), maximum=max(high, value), value=value)


def useful_range(knob: Knob, default: float) -> tuple[float, float]:
    """Lowest and highest value of a slider: up to twice a model's default, where that is enough."""
    low, high = knob.useful
    if knob.kind is float and knob.model_default:
        high = min(high, max(1.0, 2 * default))
    return min(low, default), max(high, default)


def _add_slider(name: str, defaults: Mapping[str, Any]) -> gr.Slider:
    knob = KNOBS[name]
    value = defaults.get(name, knob.default)
    low, high = useful_range(knob, value)
    slider = gr.Slider(
        low,
        high,
        value,
        step=knob.step,
        label=say(knob.label),
        info=say(sentence(knob)),
        elem_id=name,
        visible=not knob.rare,
    )
    # Values outside come by links, files and models. Gradio would refuse them; their limits are
    # those of Order.parse, which has a better sentence.
    slider.preprocess = lambda payload: payload
    return slider


def sentence(knob: Knob) -> str:
    """The help of a knob, as a sentence."""
    return f"{knob.help[0].upper()}{knob.help[1:]}."


ABOUT_MODEL = "Which one draws; another than the first takes a moment to load."


def add_choice() -> tuple[gr.Radio, gr.HTML]:
    """The control for the model, and the line in its place where there is one model only."""
    model = gr.Radio(label=say("Model"), info=say(ABOUT_MODEL), elem_id="model")
    return model, gr.HTML(elem_id="only-choice", apply_default_css=False)


def choice_now(engine: Engine, here: Mapping[str, str]) -> list[Any]:
    """How the control and the line are shown at this moment."""
    names = engine.model_pool.names
    told = f"Drawn with {escape(here['model'])} in {escape(here['precision'])}."
    if len(names) > 1:
        return [gr.Radio(choices=names, value=here["model"], visible=True), ""]
    return [gr.Radio(value=None, visible=False), f'<p class="nf-small" data-t>{told}</p>']
