"""The allowed routes: our own, and those of gradio that the page and the API need."""

from collections.abc import Sequence

from starlette.routing import Route

API = "/gradio_api"
UPLOAD = f"{API}/upload"
FILES = f"{API}/file="
EXACT = frozenset(
    ("/", "/config", "/theme.css", "/favicon.ico", "/robots.txt", "/manifest.json",
     f"{API}/theme.css", f"{API}/info", f"{API}/openapi.json", f"{API}/app_id",
     f"{API}/startup-events", f"{API}/queue/join", f"{API}/queue/data", f"{API}/cancel",
     f"{API}/reset", f"{API}/component_server", f"{API}/runs", f"{API}/mcp")
)  # fmt: skip
UNDER = (
    "/static/", "/assets/", "/svelte/", f"{API}/call/", f"{API}/heartbeat/",
    f"{API}/run/", FILES, f"{API}/mcp/",
)  # fmt: skip
# Written anew for each who asks: a tenth of a second of a core, and of the event loop.
WRITTEN_ANEW = frozenset(
    ("/", "/config", "/about", f"{API}/info", f"{API}/openapi.json", f"{API}/mcp/schema")
)
# Leaving is never limited.
LEAVING = (f"{API}/cancel", f"{API}/reset")
# Names of routes: of one that reads no body, and of one that reads a form.
READS_NOTHING, READS_FORM = "reads nothing", "reads a form"


def may_be_asked_for(path: str, routes: Sequence[Route] = ()) -> bool:
    """Whether something of ours is there; nothing is fetched from other servers."""
    if path.startswith(FILES):
        return path[len(FILES) :].startswith("/") and "://" not in path
    if (path.rstrip("/") or "/") in EXACT or path.startswith(UNDER):
        return True
    return route_of(path, routes) is not None


def is_written_anew(path: str) -> bool:
    """Whether the answer costs a tenth of a second of a core; see WRITTEN_ANEW."""
    return (path.rstrip("/") or "/") in WRITTEN_ANEW


def route_of(path: str, routes: Sequence[Route]) -> Route | None:
    """The first of our own routes that a path fits."""
    return next((route for route in routes if route.path_regex.match(path)), None)
