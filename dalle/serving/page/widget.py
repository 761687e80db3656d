"""A part of the page that is our own HTML and JavaScript, out of plain files in static/."""

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from dalle.serving.page.theme import read_static


def make_widget(
    name: str,
    value: Any = None,
    *,
    scripts: Sequence[str] = (),
    handlers: Sequence[Callable] = (),
    classes: Sequence[str] = (),
    folder: str = "widgets",
    **props: Any,
) -> gr.HTML:
    """FOLDER/NAME.html with the code of scripts/dom.js, `scripts` and FOLDER/NAME.js, in order.

    A script is a file of scripts/, or of another folder of static/ where its name has a slash.

    The template never changes, so gradio leaves the scripts' content alone; they read
    `value`, any JSON, and call `handlers`.
    """
    paths = [script if "/" in script else f"scripts/{script}" for script in ("dom", *scripts)]
    code = [without_comments(read_static(f"{path}.js")) for path in (*paths, f"{folder}/{name}")]
    return gr.HTML(
        value,
        html_template=read_static(f"{folder}/{name}.html"),
        js_on_load="\n".join(code),
        server_functions=list(handlers) or None,
        elem_id=name,
        elem_classes=list(classes),
        apply_default_css=False,
        **props,
    )


def without_comments(code: str) -> str:
    """JavaScript without indents and lines of comment alone, which every visitor would load."""
    lines = (line.strip() for line in code.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))
