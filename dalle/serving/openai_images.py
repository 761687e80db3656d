"""POST /v1/images/generations in the form of the OpenAI Images API, so that its clients work here.

Form: https://platform.openai.com/docs/api-reference/images/create. What the model cannot do is
refused with a 400 that says so, and never ignored; any API key will do.
"""

import base64
import json
import logging
import math
import reprlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gradio.route_utils import API_PREFIX, get_root_url
from gradio_client.utils import encode_file_path
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dalle.errors import DalleError, PromptRefused
from dalle.generation.result import Picture, Result, finite
from dalle.serving.api import keep_picture
from dalle.serving.engine import BusyError, Engine, FaultError
from dalle.serving.faults import tell
from dalle.serving.installed import split_choice
from dalle.settings import GenerationSettings, SettingsError, check_prompt

log = logging.getLogger(__name__)

PATH = "/v1/images/generations"
MAX_BODY = 256 * 2**10  # bytes; a prompt of the longest kind, every character escaped, fits
MAX_PICTURES = 10  # as there
RESPONSE_FORMATS = ("url", "b64_json")
# What else may be asked for, and the only values that mean what happens here anyway.
ONLY = {
    "quality": ("auto", "standard"),
    "background": ("auto", "opaque"),
    "moderation": ("auto",),
    "output_format": ("png",),
    "output_compression": (100,),
    "stream": (False,),
    "partial_images": (0,),
    "style": (),
}
# Ours beside theirs: in the Python client by way of extra_body.
KNOBS = (
    "seed",
    "candidates",
    "condition_scale",
    "temperature",
    "top_k",
    "top_p",
    "negative_prompt",
    "precision",
)
KNOWN = ("prompt", "model", "n", "size", "response_format", "user", *ONLY, *KNOBS)


class RefusedError(Exception):
    """What the answer says instead of pictures."""

    def __init__(
        self,
        message: str,
        parameter: str | None = None,
        code: str | None = None,
        status: int = 400,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds
        self.parameter, self.code, self.status = parameter, code, status

    def as_response(self) -> JSONResponse:
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        error = {
            "message": str(self),
            "type": kind,
            "param": self.parameter,
            "code": self.code,
        }
        # Their client waits so long and tries again.
        after = self.retry_after
        headers = {"Retry-After": str(math.ceil(after))} if after is not None else None
        return JSONResponse({"error": error}, self.status, headers)


@dataclass(frozen=True)
class Order:
    """A request that was looked at: what to draw, and how to hand it over."""

    prompt: str
    knobs: dict[str, Any]
    size: str | None  # as "256x256"
    response_format: str

    @classmethod
    def read(cls, body: Any, engine: Engine) -> "Order":
        """The order in a request's JSON; RefusedError for the first thing that cannot be done."""
        if not isinstance(body, dict):
            raise RefusedError('The body must be a JSON object, such as {"prompt": "a cat"}.')
        # In JSON null stands for what was left out.
        body = {name: value for name, value in body.items() if value is not None}
        for name in body:
            if name not in KNOWN:
                raise RefusedError(
                    f"Unknown parameter: {reprlib.repr(name)}; choose among {', '.join(KNOWN)}.",
                    str(name)[:64],
                    "unknown_parameter",
                )
        for name, allowed in ONLY.items():
            if name in body and body[name] not in allowed:
                choices = f" or choose {' or '.join(map(json.dumps, allowed))}" if allowed else ""
                raise RefusedError(
                    f"{name} is {json.dumps(body[name])[:60]}, which is not done here; "
                    f"leave it out{choices}.",
                    name,
                    "unsupported_value",
                )
        count = _read_count(body.get("n", 1))
        order = cls(
            _settled("prompt", check_prompt, body.get("prompt", "")),
            {"keep": count, **{name: body[name] for name in KNOBS if name in body}},
            _read_size(body.get("size")),
            _read_choice("response_format", body.get("response_format", "url"), RESPONSE_FORMATS),
        )
        choice, others = split_choice(order.knobs)
        _settled(None, lambda knobs: GenerationSettings.of({}, knobs), others)
        serving = engine.serving
        if serving:
            models = tuple(engine.installed.models(serving))
            model = _read_choice("model", body.get("model", serving.name), models)
            _settled(None, lambda asked: engine.installed.check(serving, asked), choice)
            order.knobs["model"] = model
            if model == serving.name:  # what others draw is seen when they have
                order.check_size(serving.size)
        return order

    def check_size(self, size: tuple[int, int]) -> None:
        """RefusedError where another size was asked for than the model draws."""
        width, height = size
        if self.size not in (None, f"{width}x{height}"):
            raise RefusedError(
                f"size is {self.size}; this model draws {width}x{height}, "
                "so ask for that, for auto, or leave it out.",
                "size",
                "unsupported_value",
            )


def make_routes(engine: Engine) -> list[Route]:
    """The routes in front of the engine, to be mounted beside gradio's by launch(app_kwargs=)."""

    async def create(request: Request) -> Response:
        try:
            order = Order.read(await read_json(request), engine)
            visitor = request.client.host if request.client else None
            frames = engine.draw(order.prompt, visitor=visitor, previews=False, **order.knobs)
            result = await last_frame(request, frames)
            if result is None:
                return Response(status_code=499)  # nobody is there to read it
            order.check_size(result.pictures[0].image.size)
            return JSONResponse(await run_in_threadpool(describe, result, order, request))
        except RefusedError as refused:
            return refused.as_response()
        except Exception as error:
            return explain(error).as_response()

    async def models(request: Request) -> Response:
        names = engine.installed.models(engine.serving) if engine.serving else []
        entries = [
            {"id": name, "object": "model", "created": 0, "owned_by": "ninefold"} for name in names
        ]
        return JSONResponse({"object": "list", "data": entries})

    async def nothing_else(request: Request) -> Response:
        refused = RefusedError(
            f"{request.method} {request.url.path[:80]} is not done here; POST {PATH} is.",
            code="not_found",
            status=404,
        )
        return refused.as_response()

    return [
        Route(PATH, create, methods=["POST"]),
        Route("/v1/models", models, methods=["GET"]),
        Route("/v1/{rest:path}", nothing_else, methods=["GET", "POST", "DELETE"]),
    ]


async def read_json(request: Request) -> Any:
    """The request's body; RefusedError where it is too long or no JSON."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise RefusedError(f"The body is too long; at most {MAX_BODY} bytes are read.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"The body is no JSON that can be read ({error}).") from error


async def last_frame(request: Request, frames: Iterator[Any]) -> Result | None:
    """The Result; None once the caller has left, and then nothing more is drawn."""
    last = None
    try:
        async for frame in iterate_in_threadpool(frames):
            if await request.is_disconnected():
                return None
            last = frame
        return last
    finally:
        frames.close()


def explain(error: Exception) -> RefusedError:
    """What the caller is told of an exception on the way to the pictures."""
    if isinstance(error, BusyError):
        after = error.retry_after
        return RefusedError(str(error), code="overloaded", status=503, retry_after=after)
    if isinstance(error, FaultError):
        return RefusedError(str(error), code="server_error", status=500)
    if isinstance(error, PromptRefused):
        return RefusedError(str(error), code="content_policy_violation")
    if isinstance(error, DalleError):
        return RefusedError(str(error), code="invalid_value")
    log.exception("a request failed", exc_info=error)
    return RefusedError(str(tell(error)), code="server_error", status=500)


def describe(result: Result, order: Order, request: Request) -> dict[str, Any]:
    """The answer's JSON; beside their fields each picture has ours, and so has the whole."""
    width, height = result.pictures[0].image.size
    return {
        "created": int(time.time()),
        "data": [describe_picture(picture, order, request) for picture in result.pictures],
        "background": "opaque",
        "output_format": "png",
        "size": f"{width}x{height}",
        "model": result.recipe["model"],
        "seed": result.seed,
        "notes": result.notes,
    }


def describe_picture(picture: Picture, order: Order, request: Request) -> dict[str, Any]:
    """A picture as its address or in base64, and how to get it again."""
    if order.response_format == "b64_json":
        content = {"b64_json": base64.b64encode(picture.as_png()).decode()}
    else:
        path = keep_picture(picture)
        # Gradio deletes these after a day, like the files of the page.
        request.app.get_blocks().upload_file_set.add(path)
        root = get_root_url(request, PATH, request.app.root_path)
        content = {"url": f"{root}{API_PREFIX}/file={encode_file_path(path)}"}
    return content | {"candidate": picture.candidate, "score": finite(picture.score)}


def _settled(parameter: str | None, check: Any, value: Any) -> Any:
    """What `check` makes of a value; its SettingsError becomes the refusal."""
    try:
        return check(value)
    except SettingsError as error:
        # The sentence begins with the name of the setting.
        name, rest = str(error).split(" ", 1)
        name = "n" if name == "keep" else name
        raise RefusedError(f"{name} {rest}", parameter or name, "invalid_value") from error


def _read_count(count: Any) -> int:
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_PICTURES:
        raise RefusedError(
            f"n is {reprlib.repr(count)}; it must be a whole number from 1 to {MAX_PICTURES}.",
            "n",
            "invalid_value",
        )
    return count


def _read_size(size: Any) -> str | None:
    if size is None or size == "auto":
        return None
    width, cross, height = size.partition("x") if isinstance(size, str) else ("", "", "")
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise RefusedError(
            f'size is {reprlib.repr(size)}; it must be auto, or width and height as in "256x256".',
            "size",
            "invalid_value",
        )
    return size


def _read_choice(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise RefusedError(
            f"{name} is {reprlib.repr(value)}; it must be {' or '.join(allowed)}, or left out.",
            name,
            "model_not_found" if name == "model" else "invalid_value",
        )
    return value
