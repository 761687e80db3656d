"""The parts of the page in their places: three blocks, two of them side by side on wide screens."""

from dataclasses import dataclass
from html import escape

import gradio as gr
from gradio.components import Component

from dalle.serving.page.controller import PageController
from dalle.serving.page.controls import add_choice, add_knobs
from dalle.serving.page.events.handlers import Handlers
from dalle.serving.page.events.restoring import READY
from dalle.serving.page.facts.about import write_notice
from dalle.serving.page.frames import tell
from dalle.serving.page.site import Site
from dalle.serving.page.theme import logo_uri
from dalle.serving.page.widget import make_widget
from dalle.serving.page.words.languages import say
from dalle.serving.page.words.model_notes import abilities_of, ideas_of
from dalle.serving.settings import ServerSettings

# The class of parts that a compact frame does not show.
EXTRA = "nf-extra"
ABOUT_LINK = '<a href="about" target="_blank" rel="noopener" data-t>Model, server, settings</a>'
BOARD_SCRIPTS = (
    "memory", "kept_runs", "record", "read", "play/fill", "play/riddles", "play/favourites",
    "share", "actions", "paint", "going_on", "from_previews", "large", "keys", "folds", "draft",
    "arrival", "height",
)  # fmt: skip


HISTORY_SCRIPTS = ("memory", "kept_runs", "play/favourites", "play/zip")


@dataclass(frozen=True)
class Parts:
    """The components that events read and write."""

    prompt: gr.Textbox
    unknown: gr.HTML
    start: gr.Button
    stop: gr.Button
    pinned: gr.HTML
    status: gr.HTML
    news: gr.HTML
    begin: gr.HTML  # a picture of the visitor's own
    board: gr.HTML
    notice: gr.HTML
    knobs: dict[str, Component]  # by the names of GenerationSettings
    only: gr.HTML  # in place of the choice of a model
    keep_prompt: gr.Checkbox
    examples: gr.HTML
    chips: gr.HTML
    history: gr.HTML
    reader: gr.HTML
    ideas: gr.HTML
    member: gr.HTML | None  # None: nobody can sign in


def lay_out(controller: PageController, site: Site, handlers: Handlers) -> Parts:
    """Adds all components to the open gr.Blocks, from top to bottom."""
    _html(write_header(site), extra=True)
    make_widget("theme", classes=(EXTRA,), folder="settings")
    member = None
    if site.settings.members:
        # It needs packages that are there in a Space alone.
        from dalle.serving.page.events.signing_in import add_sign_in

        member = add_sign_in()
    with gr.Row(elem_id="columns"):
        with gr.Column(elem_id="ask"):
            prompt = gr.Textbox(
                label=say("What shall I draw?"),
                placeholder="an owl on a skateboard, neon",
                lines=1,  # so that Enter draws, and Shift+Enter begins another prompt
                max_lines=9,
                elem_id="prompt",
            )
            with gr.Row(elem_id="buttons"):
                start = gr.Button(say("Generate"), variant="primary", elem_id="generate")
                gr.Button(say("Surprise me"), elem_id="surprise", elem_classes=[EXTRA])
                stop = gr.Button(say("Stop"), elem_id="stop")
                pinned = make_widget("pinned", "", folder="settings")
            ideas = make_widget(
                "ideas",
                ideas_of(site.here["model"]),
                scripts=("play/fill",),
                classes=(EXTRA,),
                folder="play",
            )
            # Below the button, which must not jump while somebody types.
            unknown = gr.HTML(elem_id="unknown", apply_default_css=False)
            begin = make_widget("begin", handlers=handlers.of_begin(), classes=(EXTRA,))
            status = make_widget("status", tell("idle", READY))
            news = make_widget("news", {}, handlers=handlers.of_news(), built=site.first["model"])
        with gr.Column(elem_id="shown"):
            board = make_widget(
                "board",
                {"runs": []},
                scripts=BOARD_SCRIPTS,
                handlers=handlers.of_board(),
                categories=dict(site.categories) if site.report else {},
            )
            notice = _html(write_notice(site.here["model"], site.warnings))
        with gr.Column(elem_id="more"):
            shown = {
                kind: [{"prompt": one.prompt, "thumbnail": one.small} for one in entries]
                for kind, entries in (("examples", site.examples), ("picks", site.picks))
            }
            examples = make_widget("examples", shown, classes=(EXTRA,))
            with _fold("Settings"):
                knobs = add_knobs(controller.defaults)
                model, only = add_choice()
                knobs["model"] = model
                keep_prompt = gr.Checkbox(
                    True,
                    label=say("Save the prompt in downloads"),
                    info=say("A file then brings its prompt back when you drop it here."),
                    elem_id="keep-prompt",
                )
                make_widget("several", scripts=("play/fill",), folder="settings")
            with _fold("What it can draw"):
                chips = make_widget("chips", vars(abilities_of(site.here["model"])))
            with _fold("History"):
                history = make_widget("history", scripts=HISTORY_SCRIPTS)
                reader = make_widget("reader", scripts=("read",), handlers=handlers.of_reader())
            with _fold("For your page"):
                make_widget("embed", handlers=handlers.of_embed())
            with _fold("About"):
                _html(f'<p class="nf-small">{ABOUT_LINK}</p>')
    _html(write_footer(site.settings), extra=True)
    return Parts(
        prompt, unknown, start, stop, pinned, status, news, begin, board, notice, knobs, only,
        keep_prompt, examples, chips, history, reader, ideas, member,
    )  # fmt: skip


def _html(text: str, *, extra: bool = False) -> gr.HTML:
    return gr.HTML(text, elem_classes=[EXTRA] if extra else [], apply_default_css=False)


def _fold(title: str) -> gr.Accordion:
    return gr.Accordion(say(title), open=False, elem_classes=[EXTRA])


def write_header(site: Site) -> str:
    """Logo, name and a sentence, in HTML."""
    name, logo = escape(site.settings.name), logo_uri(site.settings)
    tagline = escape(abilities_of(site.here["model"]).tagline)
    return (
        f'<header class="nf-header"><img src="{logo}" alt="" width="32" height="32">'
        f"<h1>{name}</h1><p data-t>{tagline}</p></header>"
    )


def write_footer(settings: ServerSettings) -> str:
    """The owner's line, in HTML."""
    return f'<p class="nf-footer">{escape(settings.footer)}</p>' if settings.footer else ""
