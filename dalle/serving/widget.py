"""A part of the page that is our own HTML and JavaScript, out of plain files in static/."""

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from dalle.serving.look import read_static


def make_widget(
    name: str,
    value: Any = None,
    *,
    scripts: Sequence[str] = (),
    functions: Sequence[Callable] = (),
    classes: Sequence[str] = (),
    **props: Any,
) -> gr.HTML:
    """static/NAME.html, brought to life by dom.js, `scripts` and NAME.js, run as one in this order.

    The template never changes, so gradio leaves alone what the scripts put into it; they read
    `value`, any JSON, and call `functions`.
    """
    code = [read_static(f"{script}.js") for script in ("dom", *scripts, name)]
    return gr.HTML(
        value,
        html_template=read_static(f"{name}.html"),
        js_on_load="\n".join(code),
        server_functions=list(functions) or None,
        elem_id=name,
        elem_classes=list(classes),
        apply_default_css=False,
        **props,
    )
