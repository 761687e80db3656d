"""The page's pictures as files, each at its own address: a picture is sent once.

A result's name cannot be guessed and only its visitor is told it, so its address is as private.
"""

import io
from collections.abc import Sequence
from pathlib import PurePosixPath

from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from dalle.engine.admission import BusyError
from dalle.errors import DalleError
from dalle.safety.provenance.marker import write_xmp
from dalle.serving.encoded import encoded
from dalle.serving.http.bodies import told
from dalle.serving.page.examples import Example
from dalle.serving.page.picks import Pick
from dalle.serving.page.results import ResultStore, StoredResult
from dalle.serving.page.tiles import HIDDEN, look_of

LONGEST_NUMBER = 10  # digits; Python refuses to read thousands of them
QUALITY = 90  # of shown pictures; downloads are PNG
PRIVATE = {"Cache-Control": "private, max-age=86400, immutable"}
PUBLIC = {"Cache-Control": "public, max-age=86400"}
GONE = "The server no longer has this picture; draw it again."


def read_file(results: ResultStore, name: str, file: str) -> tuple[bytes, str]:
    """A picture's file by such a name as "7.png", and its kind; DalleError where there is none."""
    kept = results.get(name)
    path = PurePosixPath(file)
    number = path.stem
    known = number.isascii() and number.isdecimal() and len(number) < LONGEST_NUMBER
    picture = kept.find(int(number)) if known else None
    if picture is None or look_of(picture)[0] == HIDDEN or path.suffix not in (".png", ".webp"):
        raise DalleError(GONE)
    if path.suffix == ".png":
        return kept.png(picture), "image/png"
    return as_webp(kept, int(number)), "image/webp"


def as_webp(kept: StoredResult, candidate: int) -> bytes:
    """The shown file of a picture: the same pixels and invisible mark, a third as long."""
    picture = kept.find(candidate)
    png = kept.png(picture)

    def make() -> bytes:
        content = io.BytesIO()
        with Image.open(io.BytesIO(png)) as image:
            xmp = write_xmp(picture.recipe).encode()
            image.convert("RGB").save(content, "WEBP", quality=QUALITY, xmp=xmp)
        return content.getvalue()

    return encoded.get(f"{picture.key} webp", make)


def make_picture_routes(
    results: ResultStore, examples: Sequence[Example], picks: Sequence[Pick] = ()
) -> list[Route]:
    """The routes, to be mounted beside gradio's by launch(app_kwargs=)."""
    gallery = {pick.small: pick.thumbnail for pick in picks}
    gallery |= {pick.large: pick.picture for pick in picks}
    by_address = {example.small: (example, True) for example in examples}
    by_address |= {example.large: (example, False) for example in examples}

    async def picture(request: Request) -> Response:
        try:
            asked = request.path_params["name"], request.path_params["file"]
            content, kind = await run_in_threadpool(read_file, results, *asked)
        except BusyError as error:
            return told(503, str(error), error.retry_after)
        except DalleError:
            return told(404, GONE)
        return Response(content, media_type=kind, headers=PRIVATE)

    async def example(request: Request) -> Response:
        found, is_small = by_address.get(f"examples/{request.path_params['file']}", (None, False))
        if found is None:
            return told(404, "There is no such example.")
        if is_small:
            return Response(found.thumbnail, media_type="image/webp", headers=PUBLIC)
        return FileResponse(found.sheet, media_type="image/webp", headers=PUBLIC)

    async def pick(request: Request) -> Response:
        content = gallery.get(f"picks/{request.path_params['file']}")
        if content is None:
            return told(404, "There is no such picture in the gallery.")
        return Response(content, media_type="image/webp", headers=PUBLIC)

    return [
        *([Route("/picks/{file}", pick, methods=["GET"])] if picks else []),
        Route("/results/{name}/{file}", picture, methods=["GET"]),
        Route("/examples/{file}", example, methods=["GET"]),
    ]
