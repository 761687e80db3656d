"""The page: a prompt, nine pictures that fill in, and the settings behind a fold."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr
from PIL import Image

from dalle.errors import DalleError
from dalle.generation.pictures import make_grid
from dalle.generation.result import RECIPE_CHUNK, Preview, Result
from dalle.serving.api import add_api
from dalle.serving.engine import Engine, Waiting
from dalle.settings import LIMITS, GenerationSettings, check_prompt

STYLE = """
.gradio-container { max-width: 760px !important; margin: auto; }
#preview img { width: 100%; }
#pictures .grid-wrap { max-height: none !important; overflow: visible !important; }
#status { min-height: 1.5em; }
"""
ABOUT = (
    "A small model, trained from scratch on drawings of everyday things. "
    "Its pictures are made by a machine and show nothing real."
)
EXAMPLES = (
    "a red apple on a blue background",
    "a penguin on a white background",
    "a slice of pizza on a purple background",
    "a rocket on a navy background",
)
# name: (label, what it does, step)
KNOBS = {
    "candidates": ("Candidates", "how many are drawn; the best nine are shown", 1),
    "condition_scale": ("Condition scale", "how closely to follow the prompt", 0.5),
    "temperature": ("Temperature", "how adventurous to be; 0 takes the likeliest picture", 0.05),
    "top_k": ("Top k", "each code is one of so many of the likeliest; 0 takes all", 1),
    "top_p": ("Top p", "each code is one of the likeliest with this probability together", 0.01),
}
# Files of results are deleted after a day, looked for every hour.
DELETE_CACHE = (3600, 86_400)


def build_page(engine: Engine, name: str, defaults: Mapping[str, Any]) -> gr.Blocks:
    """The page of an engine; `defaults` are the model's own for some of the knobs."""
    with gr.Blocks(title=name, delete_cache=DELETE_CACHE, analytics_enabled=False) as page:
        gr.Markdown(f"# {name}\n{ABOUT}", elem_id="about")
        prompt = gr.Textbox(
            label="Prompt", placeholder=EXAMPLES[0], max_lines=3, submit_btn=False, autofocus=True
        )
        with gr.Row():
            start = gr.Button("Generate", variant="primary", elem_id="generate")
            stop = gr.Button("Stop", elem_id="stop")
        status = gr.Markdown("Ready when you are.", elem_id="status", container=False)
        preview = gr.Image(
            visible=False, show_label=False, buttons=[], elem_id="preview", format="png"
        )
        pictures = gr.Gallery(
            columns=3, show_label=False, format="png", object_fit="contain", height="auto",
            elem_id="pictures", buttons=["download", "fullscreen"],
        )  # fmt: skip
        used = gr.Textbox(label="Seed used", interactive=False, elem_id="used")
        gr.Examples([[example] for example in EXAMPLES], inputs=prompt, label="Try")
        with gr.Accordion("Advanced", open=False):
            seed = gr.Number(label="Seed", info="empty: another one each time", precision=0)
            against = gr.Textbox("", label="Negative prompt", info="what to stay away from")
            knobs = {name: _slider(name, defaults) for name in KNOBS}

        inputs = [prompt, seed, against, *knobs.values()]

        def draw(prompt: str, seed: int | None, negative_prompt: str, *values: float):
            chosen = dict(zip(knobs, values, strict=True))
            yield from run(engine, prompt, seed, negative_prompt, chosen)

        outputs = [status, preview, pictures, used]
        drawing = gr.on(
            [start.click, prompt.submit],
            draw,
            inputs,
            outputs,
            api_visibility="private",
            concurrency_limit=None,  # the engine has the queue
            show_progress="hidden",
        )
        # After the drawing has ended, or its last frame could come later than these words.
        stop.click(None, cancels=[drawing], api_visibility="private").then(
            lambda: "Stopped. Your prompt is kept.",
            outputs=status,
            api_visibility="private",
            show_progress="hidden",
        )
        add_api(engine, defaults)
    return page


def _slider(name: str, defaults: Mapping[str, Any]) -> gr.Slider:
    low, high = LIMITS[name]
    label, info, step = KNOBS[name]
    value = defaults.get(name, GenerationSettings.__dataclass_fields__[name].default)
    return gr.Slider(low, high, value, step=step, label=label, info=info)


def run(
    engine: Engine, prompt: str, seed: int | None, negative_prompt: str, knobs: dict[str, Any]
) -> Iterator[tuple]:
    """What status line, preview, gallery and seed show after each frame."""
    try:
        check_prompt(prompt)
        yield "Starting ...", gr.skip(), gr.skip(), gr.skip()
        for frame in engine.draw(prompt, seed=seed, negative_prompt=negative_prompt, **knobs):
            if isinstance(frame, Waiting):
                yield describe(frame), gr.skip(), gr.skip(), gr.skip()
            elif isinstance(frame, Preview):
                sheet = gr.Image(make_grid(frame.pictures), visible=True)
                text = f"{frame.stage.capitalize()}: {frame.fraction:.0%}"
                yield text, sheet, gr.Gallery(visible=False), gr.skip()
            else:
                yield show(frame)
    except DalleError as error:
        # Raised in its place it would be a pop-up that goes away; a line stays.
        yield f"**{error}**", gr.Image(visible=False), gr.Gallery(visible=True), gr.skip()


def describe(waiting: Waiting) -> str:
    """A sentence about the wait."""
    if waiting.loading:
        return "The model is loading; your pictures come right after."
    estimate = f", about {waiting.seconds:.0f} s" if waiting.seconds else ""
    if waiting.ahead:
        return f"Waiting: number {waiting.ahead} in the queue{estimate}."
    return f"Drawing{estimate}."


def show(result: Result) -> tuple:
    """The last frame: a sentence, no preview, the ranked pictures, the seed."""
    made = len(result.pictures) + len(result.rejected)
    seconds = sum(result.seconds.values())
    text = f"Made {made}, kept the best {len(result.pictures)}, in {seconds:.1f} s. "
    text += "Under each: its CLIP score, and which candidate it was."
    return (
        " ".join([text, *result.notes]),
        gr.Image(visible=False),
        gr.Gallery(make_tiles(result), visible=True),
        str(result.seed),
    )


def make_tiles(result: Result) -> list[tuple[Image.Image, str]]:
    """The kept pictures with captions; gradio writes what is in `info` into the PNG files."""
    tiles = []
    for picture in result.pictures:
        image = picture.image.copy()
        image.info[RECIPE_CHUNK] = json.dumps(picture.recipe)
        caption = f"{picture.score:.1f} (no. {picture.candidate})"
        tiles.append((image, caption))
    return tiles
