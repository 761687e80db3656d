"""The page: a prompt, nine pictures that fill in, and everything else a step behind them."""

from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr

from dalle.errors import DalleError
from dalle.server_settings import ServerSettings
from dalle.serving.abilities import abilities_of
from dalle.serving.about import (
    CARD_PANEL,
    describe_server,
    list_settings,
    write_notice,
    write_rows,
)
from dalle.serving.choosing import add_choices, choices_now
from dalle.serving.drawing import Desk, tell
from dalle.serving.examples import SEED, Example
from dalle.serving.functions import Functions
from dalle.serving.installed import CHOICES
from dalle.serving.knobs import SLIDERS, add_knobs, collect, shown
from dalle.serving.links import Order, read_query, tell_differences
from dalle.serving.look import logo_uri, read_static
from dalle.serving.meanwhile import meanwhile
from dalle.serving.site import Site
from dalle.serving.widget import make_widget
from dalle.serving.words import KnownWords
from dalle.settings import GenerationSettings

READY = "Ready when you are."
STOPPED = "Stopped. Your prompt is kept."
TAGLINE = "Nine pictures for any prompt, drawn while you watch."
# What is not shown where the page is embedded as prompt and pictures only.
EXTRA = "nf-extra"
# The files that programs ask for are deleted after a day, looked for every hour.
DELETE_CACHE = (3600, 86_400)
# Events of the page alone: programs have an API of their own.
INNER: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
DRAWING: dict[str, Any] = INNER | {"concurrency_limit": None}  # the engine has the queue


def build_page(
    desk: Desk, site: Site, add_endpoints: Callable[[], None] = lambda: None
) -> gr.Blocks:
    """The page of an engine; `add_endpoints` is called inside, to add those for programs."""
    name = site.settings.name
    functions = Functions(desk, site)
    with gr.Blocks(title=name, delete_cache=DELETE_CACHE, analytics_enabled=False) as page:
        gr.HTML(write_header(site), elem_classes=[EXTRA], apply_default_css=False)
        prompt = gr.Textbox(
            label="What should be drawn?",
            placeholder="a red apple on a blue background",
            lines=1,  # so that Enter draws, and Shift+Enter begins another prompt
            max_lines=9,
            elem_id="prompt",
        )
        unknown = gr.HTML(elem_id="unknown", apply_default_css=False)
        with gr.Row(elem_id="buttons"):
            start = gr.Button("Generate", variant="primary", elem_id="generate")
            stop = gr.Button("Stop", elem_id="stop")
        status = make_widget("status", tell("idle", READY))
        news = make_widget("news", {}, functions=functions.of_news(), built=site.first["model"])
        notice = gr.HTML(write_notice(site.here["model"], site.warnings), apply_default_css=False)
        board = make_widget(
            "board",
            {"runs": []},
            scripts=("memory", "record", "read", "large", "keys", "folds", "arrival", "height"),
            functions=functions.of_board(),
            categories=dict(site.categories) if site.report else {},
        )
        with gr.Accordion("Advanced settings", open=False, elem_classes=[EXTRA]):
            knobs = add_knobs(desk.defaults)
            choices, only = add_choices()
            knobs |= choices
            keep_prompt = gr.Checkbox(
                False,
                label="Write my prompt into the files",
                info="Without it a file tells how it was drawn, but not what you asked for.",
                elem_id="keep-prompt",
            )
        sheets = [{"prompt": e.prompt, "thumbnail": e.thumbnail} for e in site.examples]
        examples = make_widget("examples", sheets, classes=(EXTRA,))
        with gr.Accordion("What this model can and can't draw", open=False, elem_classes=[EXTRA]):
            chips = make_widget("chips", vars(abilities_of(site.here["model"])))
        with gr.Accordion("History", open=False, elem_classes=[EXTRA]):
            history = make_widget("history", scripts=("memory",))
        with gr.Accordion("Was this made here?", open=False, elem_classes=[EXTRA]):
            reader = make_widget("reader", scripts=("read",), functions=functions.of_reader())
        with gr.Accordion("Put it on your page", open=False, elem_classes=[EXTRA]):
            make_widget("embed", functions=functions.of_embed())
        with gr.Accordion("About", open=False, elem_id="about", elem_classes=[EXTRA]):
            about = gr.HTML(write_about(site), apply_default_css=False)
        if site.card:
            with gr.Accordion("Model card", open=False, elem_id=CARD_PANEL, elem_classes=[EXTRA]):
                gr.Markdown(site.card)
        gr.HTML(write_footer(site.settings), elem_classes=[EXTRA], apply_default_css=False)

        def tell_this_moment(request: gr.Request):
            choice = desk.wanted(request.query_params)
            return (
                site.news(),
                write_notice(site.here["model"], site.warnings),
                vars(abilities_of(site.here["model"])),
                write_about(site),
                *choices_now(desk.engine, site.here_with(choice)),
            )

        # Each visit is told about its own moment, and about the model that draws then.
        told = [news, notice, chips, about, *choices.values(), only]
        page.load(tell_this_moment, None, told, queue=False, **INNER)

        order = gr.State(None)  # what a link asks to be drawn at once
        inputs = [prompt, *knobs.values()]
        outputs = [status, board]

        def draw(text: str, keep: bool, *values: Any):
            try:
                chosen = collect(knobs, values)
            except DalleError as error:
                yield tell("failed", str(error)), {"runs": [], "more": True}
                return
            for line, runs in desk.draw_all(text, chosen, bool(keep)):
                yield line, {"runs": [*runs, *meanwhile(line, site)]}

        def draw_refused(event: gr.EventData, keep: bool, *values: Any):
            for line, runs in draw(event.text, keep, *values):
                yield line, runs | {"more": event.more}

        def draw_alone(asked: Order, before: str = ""):
            knobs = asked.knobs | desk.wanted(asked.origin)
            for line, runs in desk.draw_again(asked.prompt, knobs, asked.candidate, before):
                if "retry" in line:
                    line["retry"] |= {"query": asked.query, "name": before}
                yield line, runs

        def draw_order(asked: Order | None):
            if asked is None:
                yield gr.skip(), gr.skip()
                return
            knobs = asked.knobs | desk.wanted(asked.origin)
            whole = asked.candidate is None
            for line, runs in desk.draw_all(asked.prompt, knobs) if whole else draw_alone(asked):
                yield line, {"runs": [*runs, *meanwhile(line, site)]}

        def draw_again(event: gr.EventData):
            for line, runs in draw_alone(read_query(event.query), event.name):
                yield line, {"runs": runs, "more": True}

        def restore(event: gr.EventData):
            return restore_settings(event.query, event.source, desk, list(knobs), site)

        def offer(event: gr.EventData, *values: str | None):
            # A model that takes over is the chosen one from then on.
            chosen = {} if event.took else dict(zip(choices, values, strict=True))
            return choices_now(desk.engine, site.here_with(desk.wanted(chosen)))

        def pick(event: gr.EventData):
            line, run = show_example(site.examples[event.index], site.first["model"])
            return run["prompt"], str(SEED), line, {"runs": [run]}

        drawings = [
            gr.on(
                [start.click, prompt.submit],
                draw,
                [prompt, keep_prompt, *knobs.values()],
                outputs,
                # A run that is being stopped ends with its frame; until then gradio would drop
                # what is asked for next.
                trigger_mode="multiple",
                **DRAWING,
            ),
            board.again(draw_again, None, outputs, **DRAWING),
            # What was refused is asked for again by the browser.
            status.again(draw_again, None, outputs, **DRAWING),
            status.retry(draw_refused, [keep_prompt, *knobs.values()], outputs, **DRAWING),
        ]
        restored = [*inputs, status, order]
        for source in (board, history, reader, chips):
            done = source.restore(restore, None, restored, queue=False, **INNER)
            if source is board:  # links arrive there
                drawings.append(done.then(draw_order, order, outputs, **DRAWING))
        examples.pick(pick, None, [prompt, knobs["seed"], *outputs], queue=False, **INNER)
        sliders = [knobs[name] for name in SLIDERS]
        news.switched(lambda: defaults_now(desk), None, sliders, queue=False, **INNER)
        news.offered(offer, [*choices.values()], [*choices.values(), only], queue=False, **INNER)
        choices["model"].input(
            lambda model: defaults_now(desk, model), choices["model"], sliders, queue=False, **INNER
        )
        gr.on(
            [prompt.change, choices["model"].change],
            lambda text, model: write_unknown(site.known_words(model), text),
            [prompt, choices["model"]],
            unknown,
            queue=False,
            trigger_mode="always_last",
            **INNER,
        )
        for drawing in drawings:
            drawing.failure(None, js=read_static("lost.js"), api_visibility="private")
        # After the drawing has ended, or its last frame could come later than these words.
        stop.click(None, cancels=drawings, api_visibility="private").then(
            lambda: tell("stopped", STOPPED), outputs=status, queue=False, **INNER
        )
        add_endpoints()
    return page


def defaults_now(desk: Desk, model: str | None = None) -> list[Any]:
    """What the sliders say when nothing is chosen, of a model, or of the one that draws."""
    offer = desk.engine.installed.offer(desk.engine.serving, model)
    settings = GenerationSettings.of(offer.defaults if offer else desk.defaults, {})
    return [getattr(settings, name) for name in SLIDERS]


def restore_settings(query: str, source: str, desk: Desk, names: list[str], site: Site) -> tuple:
    """Values for prompt and knobs, the status line, and what is to be drawn at once."""
    try:
        order = read_query(query)
    except DalleError as error:
        return (*[gr.skip()] * (1 + len(names)), tell("failed", str(error)), None)
    if source == "chip":
        return (order.prompt, *[gr.skip()] * len(names), tell("idle", READY), None)
    choice = desk.wanted(order.origin)
    other = site.switched or choice.get("model", site.first["model"]) != site.first["model"]
    untold = dict(zip(SLIDERS, defaults_now(desk, choice.get("model")), strict=True))
    told = (untold if other else {}) | order.knobs
    values = {name: shown(name, value) for name, value in told.items()}
    # With what they are chosen from, which a visit may not have been told yet.
    *controls, _ = choices_now(desk.engine, site.here_with(choice))
    values |= {n: control for n, control in zip(CHOICES, controls, strict=True) if n in choice}
    differences = tell_differences(order.origin, site.here_with(choice))
    line = f"The settings of this {source} are restored; press Generate to draw. {differences}"
    prompt = order.prompt or gr.skip()  # files may keep it to themselves
    restored = [values.get(name, gr.skip()) for name in names]
    return (prompt, *restored, tell("idle", line.strip()), order if order.run else None)


def show_example(example: Example, model: str) -> tuple[dict, dict]:
    """The status line and the run of a sheet that was drawn before."""
    note = f"Drawn before by {model} with seed {SEED}. Press Generate to draw it yourself."
    key = f"example {example.sheet.name}"
    run = {"key": key, "stamp": key, "state": "example", "prompt": example.prompt}
    return tell("idle", READY), run | {"sheet": example.uri(), "note": note}


def write_header(site: Site) -> str:
    """Logo, name and a sentence, in HTML."""
    name, logo = escape(site.settings.name), logo_uri(site.settings)
    return (
        f'<header class="nf-header"><img src="{logo}" alt="" width="44" height="44">'
        f"<div><h1>{name}</h1><p>{TAGLINE}</p></div></header>"
    )


def write_footer(settings: ServerSettings) -> str:
    """The owner's line, in HTML."""
    return f'<p class="nf-footer">{escape(settings.footer)}</p>' if settings.footer else ""


def write_about(site: Site) -> str:
    """The facts of this moment, and every setting behind a fold, in HTML."""
    facts = write_rows([*describe_server(site.settings, site.here), *site.facts()])
    settings = write_rows(list_settings(site.settings))
    return f"{facts}<details><summary>All settings of this server</summary>{settings}</details>"


def write_unknown(words: KnownWords, text: str) -> str:
    """The words that the model has never seen, in HTML; empty where it knows all."""
    comment = words.comment(text or "")
    return f'<p class="nf-unknown" role="status">{escape(comment)}</p>' if comment else ""
