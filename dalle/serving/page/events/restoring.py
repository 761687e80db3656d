"""Links, files, the browser's history and examples fill in the prompt and the settings."""

from dataclasses import replace
from typing import Any

import gradio as gr

from dalle.errors import DalleError
from dalle.serving.page.controller import PageController
from dalle.serving.page.controls import SLIDERS, choice_now, shown
from dalle.serving.page.examples import SEED, Example
from dalle.serving.page.frames import Run, Status, tell
from dalle.serving.page.links import Link, read_query, tell_differences
from dalle.serving.page.picks import Pick
from dalle.serving.page.site import Site
from dalle.settings import GenerationSettings

READY = "Ready when you are."
PRESS = "press Generate to draw."
NEW_SEED = "the next pictures take a new seed."


def defaults_now(controller: PageController, model: str | None = None) -> list[Any]:
    """The sliders' defaults, of a model, or of the active one."""
    info = controller.engine.model_pool.info(model)
    settings = GenerationSettings.of(info.defaults if info else controller.defaults, {})
    return [getattr(settings, name) for name in SLIDERS]


def restore_settings(
    query: str, source: str, controller: PageController, names: list[str], site: Site
) -> tuple:
    """Values for prompt and knobs, the status line, and the link to generate at once.

    The seed is pinned only where its pictures are not on the page: else the next Generate would
    draw the same ones again.
    """
    try:
        link = read_query(query)
    except DalleError as error:
        return (*[gr.skip()] * (1 + len(names)), tell("failed", str(error)), None)
    if source == "chip":
        return (link.prompt, *[gr.skip()] * len(names), tell("idle", READY), None)
    generates = link.run or (source == "history" and link.prompt.strip() != "")
    pins = not generates and source != "result"
    if source == "riddle":  # its visitor is to find out the prompt
        link = replace(link, hidden=True)
        return (*[gr.skip()] * (1 + len(names)), tell("idle", READY), link)
    choice = controller.wanted(link.origin)
    values = _values(link, choice, controller, site) | ({} if pins else {"seed": ""})
    differences = tell_differences(link.origin, site.here_with(choice))
    line = (
        f"The settings of this {source} are restored; {PRESS if pins else NEW_SEED} {differences}"
    )
    line = READY if source == "frame" else line.strip()  # readers of a blog restored nothing
    prompt = link.prompt or gr.skip()  # files may keep it to themselves
    restored = [values.get(name, gr.skip()) for name in names]
    return (prompt, *restored, tell("idle", line), link if generates else None)


def _values(
    link: Link, choice: dict[str, str], controller: PageController, site: Site
) -> dict[str, Any]:
    """The knobs of a link as their controls take them."""
    first = site.first["model"]
    other = site.switched or choice.get("model", first) != first
    untold = dict(zip(SLIDERS, defaults_now(controller, choice.get("model")), strict=True))
    told = (untold if other else {}) | link.knobs
    values = {name: shown(name, value, untold.get(name)) for name, value in told.items()}
    # With their choices, which a visit may not have been told yet.
    if "model" in choice:
        values["model"], _ = choice_now(controller.engine, site.here_with(choice))
    return values


def show_example(example: Example, model: str) -> tuple[Status, Run]:
    """The status line and the run of a sheet that was drawn before."""
    note = f"An example, drawn by {model} with seed {SEED}. Press Generate for your own nine."
    line, run = _show(f"example {example.name}", example.prompt, example.large, note)
    return line, run | {"gaps": True}


def show_pick(pick: Pick) -> tuple[Status, Run]:
    """The status line and the run of a picture of the owner's gallery."""
    note = f"Picked by the owner of this page, {pick.made}. Press Generate for your own nine."
    return _show(f"pick {pick.name}", pick.prompt, pick.large, note)


def _show(key: str, prompt: str, picture: str, note: str) -> tuple[Status, Run]:
    run: Run = {"key": key, "stamp": key, "state": "example", "prompt": prompt}
    return tell("idle", READY), run | {"sheet": picture, "note": note}
