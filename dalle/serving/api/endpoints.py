"""The typed endpoints for programs: /generate, /picture, /rank and /status, version 1.

Within a version fields and optional parameters may be added, and nothing else changes; a change
that could break a caller gets a name of its own (/generate_v2) beside the old one.
"""

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, TypedDict

import gradio as gr
from fastapi.exceptions import RequestValidationError
from gradio.data_classes import FileDataDict
from gradio.route_utils import API_PREFIX, FnIndexInferError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dalle.engine.messages import tell
from dalle.engine.order import Order, RankOrder
from dalle.engine.protocol import Engine
from dalle.engine.status import QueueStatus
from dalle.errors import DalleError
from dalle.generation.pictures import make_grid
from dalle.generation.ranking.rank import best_first
from dalle.generation.result import Picture, Preview, Result, finite
from dalle.serving.api.descriptions import (
    describe_generate,
    describe_picture,
    describe_rank,
    describe_status,
)
from dalle.serving.api.files import keep as keep_file
from dalle.serving.api.files import keep_preview, link
from dalle.serving.api.incoming import incoming_pictures
from dalle.serving.encoded import encoded
from dalle.serving.http.visitors import current_visitor
from dalle.settings import KNOBS, LIMITS, check_prompt

VERSION = 1
CALLS_BY_NAME = f"{API_PREFIX}/call/v2/"
JOIN = f"{API_PREFIX}/queue/join"
COMPONENT = f"{API_PREFIX}/component_server"


class Tile(TypedDict):
    """A kept picture; gradio shows these fields in its description of the API."""

    image: FileDataDict
    caption: str
    candidate: int
    seed: int
    score: float | None
    log_likelihood: float | None


def make_parameters() -> dict[str, inspect.Parameter]:
    """The parameters of /generate, whose order callers rely on: new ones are the last."""
    types: dict[str, Any] = {
        "prompt": str, "seed": int | None, "candidates": int | None, "keep": int | None,
        "condition_scale": float | None, "temperature": float | None, "top_k": int | None,
        "top_p": float | None, "negative_prompt": str, "only": list[int] | None,
        "model": str | None, "precision": str | None,
    }  # fmt: skip
    types |= {name: knob.kind | None for name, knob in KNOBS.items() if name not in types}
    defaults = {"prompt": inspect.Parameter.empty, "negative_prompt": ""}
    return {
        name: inspect.Parameter(
            name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=defaults.get(name),
            annotation=annotation,
        )
        for name, annotation in types.items()
    }


GENERATE = make_parameters()


def add_api(engine: Engine, defaults: Mapping[str, Any]) -> None:
    """Adds the endpoints to the gr.Blocks that is being built.

    `defaults` are the model's own for some of the knobs, and only named in the descriptions: a
    call without a knob gets the default of the active model.
    """

    def generate(*values: Any) -> Iterator[tuple]:
        given = dict(zip(GENERATE, values, strict=False))  # gradio fills in the defaults
        with told_to_the_caller():
            order = Order.parse(**given)  # before the caller waits in the queue
            for frame in engine.generate(order, visitor=current_visitor()):
                yield answer(frame)

    # Gradio takes the parameters and their types from here.
    generate.__signature__ = inspect.Signature(
        list(GENERATE.values()), return_annotation=tuple[list[Tile], dict, FileDataDict]
    )
    generate.__annotations__ = {name: one.annotation for name, one in GENERATE.items()}

    # An MCP client shows a picture where it is all that an endpoint returns, and only there.
    def picture(prompt: str, seed: int | None = None) -> FileDataDict:
        for pictures, _, preview in generate(prompt, seed, None, 1):  # keeps one
            yield pictures[0]["image"] if pictures else preview

    def rank(prompt: str, pictures: list[str]) -> dict:
        with told_to_the_caller():
            check_prompt(prompt)
            with incoming_pictures(pictures) as images:
                order = RankOrder.parse(prompt, images)
                for frame in engine.rank(order, visitor=current_visitor()):
                    yield answer_ranking(frame, prompt, engine)

    def status() -> dict:
        return describe_server(engine)

    generate.__doc__ = describe_generate(defaults)
    picture.__doc__ = describe_picture()
    rank.__doc__ = describe_rank()
    status.__doc__ = describe_status()
    # The engine has the queue; gradio's carries the messages, and status must not wait in it.
    gr.api(generate, api_name="generate", concurrency_limit=None)
    gr.api(picture, api_name="picture", concurrency_limit=None)
    gr.api(rank, api_name="rank", concurrency_limit=None)
    gr.api(status, api_name="status", queue=False)


def answer(frame: QueueStatus | Preview | Result) -> tuple[list, dict[str, Any], dict | None]:
    """A frame as the caller gets it: kept pictures, a report, and a sheet or a preview."""
    if isinstance(frame, QueueStatus):
        return [], {"version": VERSION, **describe_wait(frame)}, None
    if isinstance(frame, Preview):
        done = {"version": VERSION, "stage": frame.stage, "fraction": frame.fraction}
        return [], done, link(keep_preview(make_grid(frame.pictures)))
    done = {"version": VERSION, "stage": "done", "fraction": 1.0, **frame.as_dict()}
    sheet = keep_file(encoded.sheet(frame), "sheet.png")
    return [make_tile(picture) for picture in frame.pictures], done, link(sheet)


def answer_ranking(frame: QueueStatus | list[float], prompt: str, engine: Engine) -> dict[str, Any]:
    """A frame of /rank as the caller gets it."""
    if isinstance(frame, QueueStatus):
        return {"version": VERSION, **describe_wait(frame)}
    order = best_first(frame, range(len(frame)))
    return {
        "version": VERSION,
        "stage": "done",
        "model": engine.active_model.name,
        "prompt": prompt,
        "ranking": [{"picture": index, "score": finite(frame[index])} for index in order],
    }


def make_tile(picture: Picture) -> dict[str, Any]:
    """A kept picture, its file written."""
    return {
        "image": link(keep_picture(picture)),
        "caption": f"{picture.score:.1f} (no. {picture.candidate})",
        "candidate": picture.candidate,
        "seed": picture.seed,
        "score": finite(picture.score),
        "log_likelihood": finite(picture.log_likelihood),
    }


def keep_picture(picture: Picture) -> str:
    """The path of the picture's PNG file, which carries its recipe."""
    return keep_file(encoded.png(picture), f"{picture.seed}-{picture.candidate}.png")


def describe_wait(waiting: QueueStatus) -> dict[str, Any]:
    """Stage, requests ahead, and seconds left where they can be told."""
    stage = "loading" if waiting.loading else "waiting" if waiting.ahead else "drawing"
    return {
        "stage": stage,
        "fraction": 0.0,
        "ahead": waiting.ahead,
        "seconds_left": waiting.seconds,
    }


def describe_server(engine: Engine) -> dict[str, Any]:
    """The answer of /status."""
    active, model = engine.active_model, None
    if active:
        model = {
            "name": active.name,
            "revision": active.revision,
            "precision": active.precision,
            "size": list(active.size),
        }
    return {
        "version": VERSION,
        "ready": engine.ready,
        "failure": engine.failure,
        "model": model,
        "machine": {
            "kind": active.machine if active else None,
            "idle_accelerator": active.idle_accelerator if active else None,
        },
        "coming": asdict(engine.model_progress) if engine.model_progress else None,
        "queue": {
            "waiting": engine.waiting,
            "limit": engine.queue_size,
            "seconds_each": engine.throughput.batch_seconds,
        },
        "limits": {name: list(limits) for name, limits in LIMITS.items()},
        "defaults": active.defaults if active else None,
        "models": engine.model_pool.names,
        "precisions": engine.model_pool.precisions,
    }


async def explain_call(request: Request, error: Exception) -> Response:
    """A sentence for a call that fits no endpoint.

    Gradio raises these where an endpoint is unknown, and for a call by name a TypeError where a
    parameter is missing or unknown; without a handler all are mistakes of the server.
    """
    by_name = request.url.path.startswith(CALLS_BY_NAME)
    endpoint = request.url.path.rstrip("/").rpartition("/")[2][:80]
    if isinstance(error, FnIndexInferError) or (by_name and error.args == (f"/{endpoint}",)):
        status, told = 404, f"There is no endpoint named /{endpoint}"
    elif request.url.path == JOIN and isinstance(error, KeyError):
        status, told = 404, "There is no function of that number"
    elif request.url.path.rstrip("/") == COMPONENT and isinstance(error, KeyError):
        status, told = 404, "There is no component of that number"
    elif by_name and isinstance(error, TypeError):
        status, told = 400, str(error).split(". Please", 1)[0]
    else:
        raise error
    return JSONResponse({"detail": f"{told}; {API_PREFIX}/info lists all endpoints."}, status)


async def explain_form(request: Request, error: RequestValidationError) -> Response:
    """Tells an error of a request's form; the framework's own answer would repeat the input."""
    first = error.errors()[0]
    place = ".".join(str(part)[:40] for part in first["loc"])
    told = f"{place}: {first['msg']}; {API_PREFIX}/info lists all endpoints."
    return JSONResponse({"detail": told.encode("ascii", "replace").decode()}, 422)


EXCEPTION_HANDLERS = {
    **dict.fromkeys((FnIndexInferError, KeyError, TypeError), explain_call),
    RequestValidationError: explain_form,
}


@contextmanager
def told_to_the_caller() -> Iterator[None]:
    """Hands the sentence of a DalleError, or about a full disk, to the caller."""
    try:
        yield
    except (DalleError, OSError) as error:
        raise gr.Error(str(tell(error)), print_exception=False) from error
