"""The choice of model and precision: two controls, or a line where nothing can be chosen."""

from collections.abc import Mapping
from html import escape
from typing import Any

import gradio as gr

from dalle.serving.engine import Engine

ABOUT_MODEL = "Which one draws; another than the first takes a moment to load."
ABOUT_PRECISION = "How finely it computes: bfloat16 takes half the memory; pictures differ."


def add_choices() -> tuple[dict[str, gr.Radio], gr.HTML]:
    """The controls by the names of `installed.CHOICES`, and the line."""
    controls = {
        "model": gr.Radio(label="Model", info=ABOUT_MODEL, elem_id="model"),
        "precision": gr.Radio(label="Precision", info=ABOUT_PRECISION, elem_id="precision"),
    }
    line = gr.HTML(elem_id="only-choice", apply_default_css=False)
    return controls, line


def choices_now(engine: Engine, here: Mapping[str, str]) -> list[Any]:
    """How both controls and the line are shown at this moment."""
    offered = {
        "model": engine.installed.models(engine.serving),
        "precision": engine.installed.precisions(engine.serving),
    }
    controls = [
        gr.Radio(choices=names, value=here[name], visible=True)
        if len(names) > 1
        else gr.Radio(value=None, visible=False)
        for name, names in offered.items()
    ]
    only = {name: here[name] for name, names in offered.items() if len(names) < 2}
    return [*controls, write_only(only)]


def write_only(only: dict[str, str]) -> str:
    """What cannot be chosen, in HTML; empty where all can be."""
    if not only:
        return ""
    told = " and ".join(f"{name} {escape(value)}" for name, value in only.items())
    return f'<p class="nf-small">Drawn with {told}; whoever runs this page can offer others.</p>'
