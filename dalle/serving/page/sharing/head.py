"""The served page: its head, for crawlers, which run no script, and only what its reader needs.

Gradio's template tells about gradio, and a script puts in the `head` of launch().
"""

import json
import re
from collections.abc import Callable
from html import escape

import brotli
from gradio.route_utils import get_root_url
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dalle.errors import DalleError
from dalle.serving.http.first_files import FirstFiles
from dalle.serving.http.rates import RateLimit
from dalle.serving.http.visitors import current_line
from dalle.serving.page.links import read_query
from dalle.serving.page.sharing.card import HEIGHT, WIDTH
from dalle.serving.page.sharing.card_route import PATH, RIDDLE
from dalle.serving.page.sharing.riddles import unveil
from dalle.serving.page.theme import read_static

ABOUT = "Nine little pictures for your words, drawn by AI in a moment. Type your own."
NO_SCRIPT = "This page draws with the help of JavaScript; please switch it on."
TABLES = b'"i18n_translations":'
THEME = re.compile(rb'"theme_hash":"(\w+)"')
GRADIOS = re.compile(rb'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>')
LONGEST_TITLE = 120  # characters of a prompt
# Of links that are judged, for an address: a long one costs the filter more than its page.
JUDGED = "60/minute"


def describe_link(query: str, name: str, check: Callable[[str], None]) -> tuple[str, bool]:
    """The title of a link, and whether it has a picture; `check` raises for a refused prompt."""
    try:
        plain, hidden = unveil(query)
        prompt = read_query(plain).prompt.strip()
        check(prompt)
    except DalleError:
        return name, False
    if not prompt:
        return name, False
    return (RIDDLE if hidden else prompt[:LONGEST_TITLE]), True


def write_head(title: str, name: str, address: str, query: str, pictured: bool) -> str:
    """The tags of Open Graph and Twitter cards, in HTML; `address` ends with a slash."""
    url = f"{address}?{query}" if pictured else address
    tags = {
        "og:title": title,
        "og:description": ABOUT,
        "og:site_name": name,
        "og:type": "website",
        "og:url": url,
    }
    if pictured:
        tags |= {
            "og:image": f"{address.rstrip('/')}{PATH}?{query}",
            "og:image:type": "image/png",
            "og:image:width": str(WIDTH),
            "og:image:height": str(HEIGHT),
            "og:image:alt": f"Nine pictures drawn by AI: {title}",
        }
    kind = "summary_large_image" if pictured else "summary"
    properties = "".join(
        f'<meta property="{key}" content="{escape(value)}">' for key, value in tags.items()
    )
    return (
        f'<meta name="description" content="{escape(ABOUT)}">'
        f'<meta name="twitter:card" content="{kind}">{properties}'
        '<link rel="icon" href="./favicon.ico">'
        f"<style>{read_static('first.css')}</style>"  # before gradio's own comes
        f"<noscript>{NO_SCRIPT}</noscript>"
    )


class Head:
    """ASGI middleware: the page's HTML with a head of our own in place of gradio's.

    `files` are those that the page needs at once.
    """

    def __init__(
        self, app: ASGIApp, name: str, check: Callable[[str], None], files: FirstFiles
    ) -> None:
        self.app, self._name, self._check, self._files = app, name, check, files
        self._judged = RateLimit.read(JUDGED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        pieces: list[bytes] = []

        async def collect(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            pieces.append(message.get("body", b""))
            if message.get("more_body"):
                return
            body = b"".join(pieces)
            headers = MutableHeaders(scope=start)
            if headers.get("content-type", "").startswith("text/html"):
                request = Request(scope)
                body = await run_in_threadpool(
                    self._rewrite, body, request, self._query_of(request)
                )
                headers.add_vary_header("Accept-Encoding, Accept-Language")
                if "br" in request.headers.get("accept-encoding", ""):
                    body = await run_in_threadpool(brotli.compress, body, quality=5)
                    headers["content-encoding"] = "br"
                headers["content-length"] = str(len(body))
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, collect)

    def _query_of(self, request: Request) -> str:
        """The link that the head tells of; the page's script reads it by itself in any case."""
        query = request.url.query
        return "" if query and self._judged.take(current_line()) else query

    def _rewrite(self, html: bytes, request: Request, query: str) -> bytes:
        title, pictured = describe_link(query, self._name, self._check)
        address = get_root_url(request, "/", request.scope.get("root_path") or None).rstrip("/")
        head = write_head(title, self._name, f"{address}/", query, pictured)
        html = keep_languages(html, request.headers.get("accept-language", ""))
        before, opening, after = html.partition(b"<head>")
        after = self._files.replace_own(GRADIOS.sub(b"", after, count=40))
        # After the address that all of them are relative to.
        first, script, rest = after.partition(b"<script>")
        links = self._files.write_links() + write_theme_link(rest)
        return before + opening + head.encode() + first + links.encode() + script + rest


def write_theme_link(html: bytes) -> str:
    """A link that loads gradio's sheet of the theme before gradio asks for it, in HTML."""
    found = THEME.search(html)
    if not found:
        return ""
    return f'<link rel="preload" as="style" href="theme.css?v={found[1].decode()}">'


def keep_languages(html: bytes, accepted: str) -> bytes:
    """The page with the words of those languages alone that a browser asks for, and English."""
    before, found, after = html.partition(TABLES)
    asked = {one.partition(";")[0].strip()[:2].lower() for one in accepted.split(",")}
    if not found or not accepted:
        return html
    text = after.decode()
    tables, end = json.JSONDecoder().raw_decode(text)
    kept = {name: words for name, words in (tables or {}).items() if name in asked | {"en"}}
    # Within a script no word may end it.
    told = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return before + found + (told + text[end:]).encode()
