"""GET /about: facts of the server, its settings and the model's card, away from the drawing."""

from html import escape

from markdown_it import MarkdownIt
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from dalle.serving.page.facts.about import (
    describe_server,
    list_settings,
    write_notice,
    write_rows,
)
from dalle.serving.page.site import Site
from dalle.serving.page.theme import read_static
from dalle.serving.page.words.model_notes import abilities_of

PATH = "/about"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>About {name}</title><link rel="icon" href="./favicon.ico"><style>{style}</style></head>
<body><main><p><a href="./">Back to {name}</a></p><h1>About {name}</h1>
{notice}<p>{can}</p><p>{cannot}</p>
<h2>This server</h2>{facts}
<p><a href="./?view=api">Use it from a program</a></p>
<details><summary>All settings of this server</summary>{settings}</details>
{card}</main></body></html>"""


def write_page(site: Site) -> str:
    """The page in HTML, as of this moment."""
    model = site.here["model"]
    abilities = abilities_of(model)
    # Markdown of ours or of a model's folder: HTML inside it stays text.
    card = MarkdownIt("commonmark", {"html": False}).enable("table").render(site.card)
    return PAGE.format(
        name=escape(site.settings.name),
        style=read_static("about.css"),
        notice=write_notice(model, site.warnings),
        can=escape(abilities.can),
        cannot=escape(abilities.cannot),
        facts=write_rows([*describe_server(site.settings, site.here), *site.facts()]),
        settings=write_rows(list_settings(site.settings)),
        card=f'<section id="card">{card}</section>' if site.card else "",
    )


def make_about_route(site: Site) -> Route:
    """The route, to be mounted beside gradio's by launch(app_kwargs=)."""

    async def about(request: Request) -> Response:
        return HTMLResponse(await run_in_threadpool(write_page, site))

    return Route(PATH, about, methods=["GET"])
