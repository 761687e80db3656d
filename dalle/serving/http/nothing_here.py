"""The answer where nothing is at an address: a small page for people, JSON for programs."""

from html import escape

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response

from dalle.serving.http.bodies import told

NOTHING = "There is nothing at this address."
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Nothing here</title>
<link rel="icon" href="{home}favicon.ico"><style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-content: center; padding: 0 24px;
  text-align: center; font: 18px/1.5 ui-sans-serif, system-ui, "Segoe UI", Roboto, sans-serif; }}
h1 {{ margin: 0 0 20px; font-size: 24px; }}
a {{ padding: 12px 20px; border-radius: 12px; text-decoration: none;
  background: light-dark(#4338ca, #a5b4fc); color: light-dark(white, black); }}
</style></head>
<body><main><h1>{nothing}</h1><p><a href="{home}">Draw something</a></p></main></body></html>"""


def answer_nothing_here(headers: Headers, root: str = "") -> Response:
    """404; `root` is the path that the server is shown under, if any."""
    if "text/html" not in headers.get("accept", ""):
        answer = told(404, NOTHING)
    else:
        home = escape(f"{root.rstrip('/')}/")
        answer = HTMLResponse(PAGE.format(home=home, nothing=NOTHING), 404)
    answer.headers["Vary"] = "Accept"
    return answer
