"""Gradio's own files for the first view: named at the top of the page, small, and kept for ever.

A browser learns of each script only from the one before it, and a slow network makes each of those
steps a wait. The lists that gradio's scripts carry tell all of it before. Where a later gradio
writes them otherwise, nothing is named, and the page loads as gradio's do.
"""

import hashlib
import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import brotli
from gradio.routes import BUILD_PATH_LIB
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from dalle.serving.http.bodies import told

FOLDER = Path(BUILD_PATH_LIB)
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
STYLES = "styles"  # the address of all style sheets in one

LISTED = re.compile(r"m\.f=\[([^\]]*)\]")  # the files of a script, by their numbers
IMPORT = re.compile(r"import\(`\./([\w.-]+)`\)[^\[]*?__vite__mapDeps\(\[([\d,]*)\]\)")
ENTRY = re.compile(r'"\./assets/(index-[\w-]+\.(?:js|css))"')
ELSEWHERE = re.compile(r"url\(['\"]?(?!['\"]?data:)")


def needed_files(kinds: Collection[str]) -> list[str]:
    """The files of a page with components of these kinds, in gradio's order."""
    entries = ENTRY.findall((FOLDER.parent / "index.html").read_text("utf-8"))
    found = dict.fromkeys(entries)
    for entry in entries:
        for names in imports_of(entry):
            found |= dict.fromkeys(names)
    for shell in [name for name in found if name.startswith("Index-")]:
        found |= dict.fromkeys(next(imports_of(shell), ()))  # the page; a login comes after it
    for table in [name for name in found if name.startswith("core-")]:
        for kind in sorted(kinds):
            found |= dict.fromkeys(next(imports_of(table, kind), ()))
    return list(found)


def imports_of(name: str, kind: str = "") -> Iterator[list[str]]:
    """What each import of a script loads; `kind` begins at that component's."""
    if not name.endswith(".js"):
        return
    text = (FOLDER / name).read_text("utf-8")
    start = re.search(rf"[{{,]{kind}:{{.*?component:", text) if kind else None
    listed = LISTED.search(text)
    if listed is None or (kind and start is None):
        return
    files = [file.strip('"').removeprefix("./") for file in listed[1].split(",")]
    for found in IMPORT.finditer(text, start.end() if start else 0):
        numbers = [int(number) for number in found[2].split(",") if number]
        yield [found[1], *(files[number] for number in numbers)]


class FirstFiles:
    """The files that a page with components of these kinds needs at once."""

    def __init__(self, kinds: Collection[str]) -> None:
        names = needed_files(kinds)
        sheets = {
            name: (FOLDER / name).read_text("utf-8") for name in names if name.endswith(".css")
        }
        # A sheet that names files beside it stays where it is.
        sheets = {name: text for name, text in sheets.items() if not ELSEWHERE.search(text)}
        self.scripts = [name for name in names if name.endswith(".js")]
        self.sheets = list(sheets)
        self.styles = "\n".join(sheets.values()).encode()
        self._version = hashlib.sha256(self.styles).hexdigest()[:12]

    def write_links(self) -> str:
        """Links to all of it, in HTML.

        Gradio waits for no sheet whose link is there, and browsers load none that is disabled. Its
        scripts look for those very addresses.
        """
        links = [f'<link rel="stylesheet" crossorigin href="{STYLES}/{self._version}.css">']
        links += [f'<link rel="modulepreload" crossorigin href="assets/{name}">'
                  for name in self.scripts]  # fmt: skip
        links += [
            f'<link rel="stylesheet" disabled href="./assets/{name}">' for name in self.sheets
        ]
        return "".join(links) if self.sheets else ""

    def replace_own(self, html: bytes) -> bytes:
        """Takes gradio's link to a sheet out of its page, which is in ours."""
        for name in self.sheets:
            own = f'<link rel="stylesheet" crossorigin href="./assets/{name}">'
            html = html.replace(own.encode(), b"")
        return html

    def make_routes(self) -> list[Route]:
        """The routes, which come before gradio's own."""

        async def styles(request: Request) -> Response:
            return await answer(request, self.styles, "text/css")

        async def asset(request: Request) -> Response:
            name = request.path_params["file"]
            if name in self.scripts:
                content = await run_in_threadpool(_read, name)
                return await answer(request, content, "text/javascript")
            if name in _all_names():
                return FileResponse(FOLDER / name, headers=FOR_EVER)
            return told(404, "There is no such file.")

        return [
            Route(f"/{STYLES}/{{version}}.css", styles, methods=["GET"]),
            Route("/assets/{file}", asset, methods=["GET"]),
        ]


async def answer(request: Request, content: bytes, kind: str) -> Response:
    """A file by a name that tells its content, squeezed where the browser reads Brotli."""
    headers = FOR_EVER | {"Vary": "Accept-Encoding"}
    if "br" in request.headers.get("accept-encoding", ""):
        content = await run_in_threadpool(_squeeze, content)
        headers["Content-Encoding"] = "br"
    return Response(content, media_type=kind, headers=headers)


@cache
def _all_names() -> frozenset[str]:
    return frozenset(path.name for path in FOLDER.iterdir())


@cache
def _read(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


@cache
def _squeeze(content: bytes) -> bytes:
    return brotli.compress(content, quality=11)
