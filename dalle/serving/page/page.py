"""The page: layout.py has its parts, the functions here its events."""

from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr
from gradio.events import Dependency

from dalle.serving.page.controller import PageController
from dalle.serving.page.controls import SLIDERS, choice_now
from dalle.serving.page.events.foreign import ForeignPictures
from dalle.serving.page.events.generation import Generation
from dalle.serving.page.events.going_on import GoingOn
from dalle.serving.page.events.handlers import Handlers
from dalle.serving.page.events.restoring import (
    defaults_now,
    restore_settings,
    show_example,
    show_pick,
)
from dalle.serving.page.events.sent import Sent
from dalle.serving.page.facts.about import write_notice
from dalle.serving.page.frames import tell
from dalle.serving.page.layout import Parts, lay_out
from dalle.serving.page.site import Site
from dalle.serving.page.theme import read_static
from dalle.serving.page.words.known_words import KnownWords
from dalle.serving.page.words.model_notes import abilities_of, ideas_of
from dalle.settings import KNOBS, MAX_PROMPT_CHARACTERS

NOTHING_KNOWN = "This model knows nothing in this prompt. Try one of these:"
STOPPED = "Stopped. Your prompt is kept."
# The files that programs ask for are deleted after a day, looked for every hour.
DELETE_CACHE = (3600, 86_400)
# Events of the page alone: programs have an API of their own.
INNER: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
AT_ONCE: dict[str, Any] = INNER | {"queue": False}
GENERATING: dict[str, Any] = INNER | {"concurrency_limit": None}  # the engine has the queue


def build_page(
    controller: PageController, site: Site, add_endpoints: Callable[[], None] = lambda: None
) -> gr.Blocks:
    """The page of an engine; `add_endpoints` is called inside, to add those for programs."""
    with gr.Blocks(
        title=site.settings.name, delete_cache=DELETE_CACHE, analytics_enabled=False
    ) as page:
        pictures = ForeignPictures()
        parts = lay_out(controller, site, Handlers(controller, site, pictures))
        generation = Generation(controller, site, list(parts.knobs), pictures)
        generations = [
            *connect_generation(parts, generation),
            *connect_restoring(parts, controller, site, generation),
        ]
        connect_end(parts, generations)
        connect_draft(page, parts)
        connect_visit(page, parts, controller, site)
        connect_model(parts, controller, site)
        if parts.member:
            from dalle.serving.page.events.signing_in import connect_members

            connect_members(page, parts.member, parts.knobs["candidates"], site.settings)
        add_endpoints()
    return page


def connect_generation(parts: Parts, generation: Generation) -> list[Dependency]:
    """Events that draw with the settings of the page, or draw one picture again."""
    outputs = [parts.status, parts.board]
    settings = [parts.keep_prompt, *parts.knobs.values()]
    return [
        gr.on(
            [parts.start.click, parts.prompt.submit],
            generation.generate_prompts,
            [parts.prompt, *settings],
            outputs,
            # A run that is being stopped ends with its frame; until then gradio would drop the
            # next request.
            trigger_mode="multiple",
            **GENERATING,
        ),
        parts.board.again(generation.generate_again, None, outputs, **GENERATING),
        *connect_going_on(parts, generation.going_on, settings),
        # The browser sends a refused request again.
        parts.status.again(generation.generate_again, None, outputs, **GENERATING),
        parts.status.retry(generation.generate_refused, settings, outputs, **GENERATING),
    ]


def connect_going_on(parts: Parts, going_on: GoingOn, settings: list) -> list[Dependency]:
    """Events that go on with a picture of the board, or with a visitor's own."""
    outputs = [parts.status, parts.board]
    several: dict[str, Any] = GENERATING | {"trigger_mode": "multiple"}
    return [
        parts.board.alter(going_on.alter, settings, outputs, **several),
        parts.begin.open(going_on.open, None, outputs, **several),
    ]


def connect_restoring(
    parts: Parts, controller: PageController, site: Site, generation: Generation
) -> list[Dependency]:
    """Events that fill in the prompt and the settings; returns those that go on to draw."""

    def restore(event: Sent):
        query, source = event.field("query", str), event.field("source", str)
        return restore_settings(query, source, controller, list(parts.knobs), site)

    def pick(event: Sent):
        if event.field("kind", str) == "picks":
            line, run = show_pick(event.pick(site.picks))
        else:
            line, run = show_example(event.pick(site.examples), site.first["model"])
        return run["prompt"], "", line, {"runs": [run]}

    outputs = [parts.status, parts.board]
    link = gr.State(None)  # to draw at once
    restored = [parts.prompt, *parts.knobs.values(), parts.status, link]
    generations = []
    for source in (parts.board, parts.history, parts.reader, parts.chips):
        done = source.restore(restore, None, restored, **AT_ONCE)
        if source in (parts.board, parts.history):  # links arrive at the board
            generations.append(done.then(generation.generate_link, link, outputs, **GENERATING))
    seed = parts.knobs["seed"]
    parts.examples.pick(pick, None, [parts.prompt, seed, *outputs], **AT_ONCE)
    seed.change(None, seed, parts.pinned, js="(seed) => seed", **INNER)
    parts.pinned.unpin(None, None, seed, js="() => ''", **INNER)
    return generations


def connect_end(parts: Parts, generations: list[Dependency]) -> None:
    """The end of a drawing that does not come to its own."""
    for generation in generations:
        generation.failure(None, js=read_static("scripts/lost.js"), api_visibility="private")
    # After the drawing has ended, or its last frame could come later than these words.
    parts.stop.click(None, cancels=generations, api_visibility="private").then(
        lambda: tell("stopped", STOPPED), outputs=parts.status, **AT_ONCE
    )


def connect_draft(page: gr.Blocks, parts: Parts) -> None:
    """The browser keeps prompt and settings, but for the model, until the tab is closed.

    A rare setting is not kept, since its control would not be there after a reload.
    """
    rare = [name for name in SLIDERS if KNOBS[name].rare]
    knobs = [knob for name, knob in parts.knobs.items() if name not in ("model", *rare)]
    fields = [parts.prompt, parts.keep_prompt, *knobs]
    page.load(None, fields, fields, js=read_static("scripts/draft_recalled.js"), **INNER)
    changes = [field.change for field in fields]
    gr.on(changes, None, fields, js=read_static("scripts/draft_kept.js"), **INNER)


def connect_visit(page: gr.Blocks, parts: Parts, controller: PageController, site: Site) -> None:
    """Each visit is told about its own moment, and about the model that draws then."""

    def tell_this_moment(request: gr.Request):
        choice = controller.wanted(request.query_params)
        return (
            site.news(),
            write_notice(site.here["model"], site.warnings),
            vars(abilities_of(site.here["model"])),
            ideas_of(site.here["model"]),
            *choice_now(controller.engine, site.here_with(choice)),
        )

    choice = [parts.knobs["model"], parts.only]
    told = [parts.news, parts.notice, parts.chips, parts.ideas, *choice]
    page.load(tell_this_moment, None, told, **AT_ONCE)


def connect_model(parts: Parts, controller: PageController, site: Site) -> None:
    """Follows a change of the model: the sliders' defaults, the words that it knows."""

    def offer(event: Sent, chosen: str | None):
        # A model that takes over is the chosen one from then on.
        origin = {} if event.field("took", bool) else {"model": chosen}
        return choice_now(controller.engine, site.here_with(controller.wanted(origin)))

    model = parts.knobs["model"]
    sliders = [parts.knobs[name] for name in SLIDERS]
    parts.news.switched(lambda: defaults_now(controller), None, sliders, **AT_ONCE)
    parts.news.offered(offer, [model], [model, parts.only], **AT_ONCE)
    model.input(lambda model: defaults_now(controller, model), model, sliders, **AT_ONCE)
    gr.on(
        [parts.prompt.change, model.change],
        lambda text, model: write_unknown(site.known_words(model), text),
        [parts.prompt, model],
        parts.unknown,
        trigger_mode="always_last",
        **AT_ONCE,
    )


def write_unknown(words: KnownWords, text: str) -> str:
    """Tells stand-ins and unknown words of a text, in HTML; empty where all is known."""
    text = text or ""
    if len(text) > MAX_PROMPT_CHARACTERS:  # no other limit has met it yet
        return ""
    suggestions = words.suggestions(text)
    comment = NOTHING_KNOWN if suggestions else words.comment(text)
    chips = "".join(
        f'<button type="button" class="nf-action" data-prompt="{escape(prompt)}">'
        f"{escape(prompt)}</button>"
        for prompt in suggestions
    )
    chips = f'<div class="nf-chips">{chips}</div>' if chips else ""
    if not comment:
        return ""
    return f'<p class="nf-unknown" role="status" data-t>{escape(comment)}</p>{chips}'
