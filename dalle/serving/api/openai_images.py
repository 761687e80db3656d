"""POST /v1/images/... in the form of the OpenAI Images API, so that its clients work here.

Form: https://platform.openai.com/docs/api-reference/images/create. Any API key will do.
"""

import base64
import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from anyio import CapacityLimiter, to_thread
from gradio.route_utils import API_PREFIX, get_root_url
from gradio_client.utils import encode_file_path
from PIL import Image
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dalle.engine.admission import BusyError
from dalle.engine.lanes import Visitor
from dalle.engine.messages import tell
from dalle.engine.protocol import Engine
from dalle.errors import DalleError, FaultError, PromptRefused, describe_fault
from dalle.generation.editing.alteration import Alteration
from dalle.generation.result import Picture, Result, finite
from dalle.serving.api.files import keep
from dalle.serving.api.incoming import turn_to_decode
from dalle.serving.api.openai_forms import EDITS, VARIATIONS, Form, check, edit, read_form, vary
from dalle.serving.api.openai_request import ImagesRequest, RefusedError
from dalle.serving.encoded import encoded
from dalle.serving.http.bodies import BodyError
from dalle.serving.http.budget import Budget, BudgetedResponse
from dalle.serving.http.routes import READS_FORM, READS_NOTHING
from dalle.serving.http.turns import Turns
from dalle.serving.http.visitors import visitor_of

log = logging.getLogger(__name__)

PATH = "/v1/images/generations"
GENERATING = (PATH, EDITS, VARIATIONS)
Begun = tuple[ImagesRequest, Iterator[Any]]
MOST_UNREAD = 256 * 2**20  # bytes of answers that are still being sent
SENDING = 5.0  # seconds after which a caller who found no room comes again
MAX_BODY = 256 * 2**10  # bytes; a prompt of the longest kind, every character escaped, fits


def too_many() -> BusyError:
    return BusyError("Too many answers are still being sent; your pictures are kept.", SENDING)


_unread = Budget(MOST_UNREAD, too_many, MOST_UNREAD // 4)
_resizing = Turns()


def make_routes(engine: Engine, strict: bool = False) -> list[Route]:
    """The routes in front of the engine, to be mounted beside gradio's by launch(app_kwargs=)."""
    # Each who waits holds a thread; there are 40 for everything else, such as reading files.
    threads = CapacityLimiter(engine.queue_size + 20)

    def begin(body: bytes, visitor: Visitor | None) -> Begun:
        """The filter and the scheduler take their time: not in the event loop."""
        asked = ImagesRequest.read(parse_json(body), engine, strict)
        return asked, engine.generate(asked.order, visitor=visitor, previews=False)

    def begin_form(alter: Callable[..., Alteration]) -> Callable[[Form, Visitor | None], Begun]:
        def begin(form: Form, visitor: Visitor | None) -> Begun:
            fields = {name: value for name, value in form.fields.items() if name != "strength"}
            # Cheap checks come before the pictures are decoded.
            prompt = fields.get("prompt") or "a picture"
            ImagesRequest.read({**fields, "prompt": prompt}, engine, strict)
            check(form)
            notes: list[str] = []
            with turn_to_decode():
                alteration = alter(form, strict, notes)
            asked = ImagesRequest.read(fields, engine, strict, alteration)
            asked.notes.extend(notes)
            return asked, engine.generate(asked.order, visitor=visitor, previews=False)

        return begin

    def door(read: Callable, begin: Callable) -> Callable:
        async def create(request: Request) -> Response:
            try:
                body = await read(request)
                visitor = visitor_of(request.scope)
                asked, frames = await to_thread.run_sync(begin, body, visitor, limiter=threads)
                result = await last_frame(request, frames, threads)
                if result is None:
                    return Response(status_code=499)  # nobody is there to read it
                return await to_thread.run_sync(answer, result, asked, request, limiter=threads)
            except RefusedError as refused:
                return refused.as_response()
            except BodyError:
                raise  # the guard has the answer
            except ClientDisconnect:
                return Response(status_code=499)
            except Exception as error:
                return explain(error).as_response()

        return create

    async def models(request: Request) -> Response:
        names = engine.model_pool.names if engine.active_model else []
        entries = [
            {"id": name, "object": "model", "created": 0, "owned_by": "ninefold"} for name in names
        ]
        return JSONResponse({"object": "list", "data": entries})

    async def nothing_else(request: Request) -> Response:
        refused = RefusedError(
            f"This is not done here; POST {PATH}, {EDITS} and {VARIATIONS} are.",
            code="not_found",
            status=404,
        )
        return refused.as_response()

    return [
        Route(PATH, door(read_body, begin), methods=["POST"]),
        Route(EDITS, door(read_form, begin_form(edit)), methods=["POST"], name=READS_FORM),
        Route(VARIATIONS, door(read_form, begin_form(vary)), methods=["POST"], name=READS_FORM),
        Route("/v1/models", models, methods=["GET"]),
        Route(
            "/v1/{rest:path}", nothing_else, methods=["GET", "POST", "DELETE"], name=READS_NOTHING
        ),
    ]


async def read_body(request: Request) -> bytes:
    """The request's body; RefusedError where it is too long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise RefusedError(f"The body is too long; at most {MAX_BODY} bytes are read.")
    return bytes(body)


def parse_json(body: bytes) -> Any:
    """The body as JSON; RefusedError where it is none."""
    try:
        return json.loads(body)
    except ValueError as error:  # the guard has looked at its depth
        raise RefusedError(f"The body is no JSON that can be read ({error}).") from error


async def last_frame(
    request: Request, frames: Iterator[Any], threads: CapacityLimiter | None = None
) -> Result | None:
    """The Result; None once the caller has left, and then nothing more is drawn."""
    last = None
    try:
        while frame := await to_thread.run_sync(next, frames, None, limiter=threads):
            if await request.is_disconnected():
                return None
            last = frame
        return last
    finally:
        frames.close()


def explain(error: Exception) -> RefusedError:
    """The answer to the caller for an exception on the way to the pictures."""
    if isinstance(error, BusyError):
        after = error.retry_after
        return RefusedError(str(error), code="overloaded", status=503, retry_after=after)
    if isinstance(error, FaultError):
        return RefusedError(str(error), code="server_error", status=500)
    if isinstance(error, PromptRefused):
        return RefusedError(str(error), code="content_policy_violation")
    if isinstance(error, DalleError):
        return RefusedError(str(error), code="invalid_value")
    log.error("a request failed: %s", describe_fault(error))  # its words may be a visitor's
    return RefusedError(str(tell(error)), code="server_error", status=500)


def answer(result: Result, asked: ImagesRequest, request: Request) -> Response:
    """The answer, ready to be sent; BusyError where too many others wait for theirs."""
    visitor = visitor_of(request.scope)
    line = visitor.line if visitor else ""
    # Each size is a file of its own to make, so that it is done in the visitor's turn.
    resizes = asked.side(result.pictures[0].image.size) is not None
    with _resizing.take(line) if resizes else contextlib.nullcontext():
        told = describe(result, asked, request)
    content = json.dumps(told, ensure_ascii=False).encode()
    return BudgetedResponse(content, _unread, "application/json", line)


def describe(result: Result, asked: ImagesRequest, request: Request) -> dict[str, Any]:
    """The answer's JSON; beside their fields each picture has ours, and so has the whole."""
    made = result.pictures[0].image.size
    side = asked.side(made)
    notes = [*result.notes, *asked.notes]
    if side:
        notes.append(f"Drawn with {made[0]}x{made[1]} pixels, and resized to {side}x{side}.")
    elif made[0] != made[1] and asked.size not in (None, made):
        notes.append("The picture is not square, so it was not resized.")
    width, height = (side, side) if side else made
    return {
        "created": int(time.time()),
        "data": [describe_picture(picture, side, asked, request) for picture in result.pictures],
        "background": "opaque",
        "output_format": "png",
        "size": f"{width}x{height}",
        "model": result.recipe["model"],
        "seed": result.seed,
        "notes": notes,
    }


def make_png(picture: Picture, side: int | None) -> bytes:
    """The picture's file, with so many pixels a side where that is told."""
    if side is None:
        return encoded.png(picture)

    def make() -> bytes:
        size = (side, side)
        resized = picture.image.resize(size, Image.Resampling.LANCZOS)
        return replace(picture, image=resized).as_png()

    return encoded.get(f"{picture.key} png {side}", make)


def describe_picture(
    picture: Picture, side: int | None, asked: ImagesRequest, request: Request
) -> dict[str, Any]:
    """A picture as its address or in base64, and how to get it again."""
    content = make_png(picture, side)
    if asked.response_format == "b64_json":
        content = {"b64_json": base64.b64encode(content).decode()}
    else:
        path = keep(content, f"{picture.seed}-{picture.candidate}.png")
        # Gradio deletes these after a day, like the files of the page.
        request.app.get_blocks().upload_file_set.add(path)
        route = next(path for path in GENERATING if request.url.path.endswith(path))
        root = get_root_url(request, route, request.app.root_path)
        content = {"url": f"{root}{API_PREFIX}/file={encode_file_path(path)}"}
    return content | {"candidate": picture.candidate, "score": finite(picture.score)}
