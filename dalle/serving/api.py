"""The typed endpoints for programs: /generate, /picture, /rank and /status, version 1.

Within a version fields and optional parameters may be added, and nothing else changes; a change
that could break a caller gets a name of its own (/generate_v2) beside the old one.
"""

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

from dalle.errors import DalleError
from dalle.generation.pictures import make_grid
from dalle.generation.rank import best_first
from dalle.generation.result import Picture, Preview, Result, finite
from dalle.serving.api_texts import (
    MAX_RANKED,
    describe_generate,
    describe_picture,
    describe_rank,
    describe_status,
)
from dalle.serving.engine import Engine, Waiting
from dalle.serving.faults import tell
from dalle.serving.files import keep as keep_file
from dalle.serving.files import keep_preview, link, read_picture
from dalle.serving.visitors import current_visitor
from dalle.settings import LIMITS, GenerationSettings, SettingsError, check_prompt

VERSION = 1
CALLS_BY_NAME = f"{API_PREFIX}/call/v2/"
JOIN = f"{API_PREFIX}/queue/join"
UPLOAD = f"{API_PREFIX}/upload"


class Tile(TypedDict):
    """A kept picture; gradio shows these fields in its description of the API."""

    image: FileDataDict
    caption: str
    candidate: int
    seed: int
    score: float | None
    log_likelihood: float | None


def add_api(engine: Engine, defaults: Mapping[str, Any]) -> None:
    """Adds the endpoints to the gr.Blocks that is being built.

    `defaults` are the model's own for some of the knobs, and only named in the descriptions: a
    caller who leaves a knob out gets the default of the model that draws.
    """

    # Every frame is a tuple of what the annotation says; gradio takes its types from there.
    def generate(
        prompt: str,
        seed: int | None = None,
        candidates: int | None = None,
        keep: int | None = None,
        condition_scale: float | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        negative_prompt: str = "",
        only: list[int] | None = None,
        model: str | None = None,
        precision: str | None = None,
    ) -> tuple[list[Tile], dict, FileDataDict]:
        knobs = {
            "seed": seed,
            "candidates": candidates,
            "keep": keep,
            "condition_scale": condition_scale,
            "temperature": temperature,
            "top_k": top_k,
            "top_p": top_p,
            "negative_prompt": negative_prompt,
            "only": only,
        }
        with told_to_the_caller():
            # Looked at before the caller waits in the queue.
            check_prompt(prompt)
            GenerationSettings.of({}, knobs)
            who = {"visitor": current_visitor(), "model": model, "precision": precision}
            for frame in engine.draw(prompt, **who, **knobs):
                yield answer(frame)

    # An MCP client shows a picture where it is all that an endpoint returns, and only there.
    def picture(prompt: str, seed: int | None = None) -> FileDataDict:
        for pictures, _, preview in generate(prompt, seed, keep=1):
            yield pictures[0]["image"] if pictures else preview

    def rank(prompt: str, pictures: list[str]) -> dict:
        with told_to_the_caller():
            check_prompt(prompt)
            images = read_pictures(pictures)
            for frame in engine.rank(images, prompt, visitor=current_visitor()):
                if isinstance(frame, Waiting):
                    yield {"version": VERSION, **describe_wait(frame)}
                else:
                    yield {
                        "version": VERSION,
                        "stage": "done",
                        "model": engine.serving.name,
                        "prompt": prompt,
                        "ranking": [
                            {"picture": index, "score": finite(frame[index])}
                            for index in best_first(frame, range(len(frame)))
                        ],
                    }

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


def answer(frame: Waiting | Preview | Result) -> tuple[list, dict[str, Any], dict | None]:
    """A frame as the caller gets it: kept pictures, what was done, and a sheet or a preview."""
    if isinstance(frame, Waiting):
        return [], {"version": VERSION, **describe_wait(frame)}, None
    if isinstance(frame, Preview):
        done = {"version": VERSION, "stage": frame.stage, "fraction": frame.fraction}
        return [], done, link(keep_preview(make_grid(frame.pictures)))
    done = {"version": VERSION, "stage": "done", "fraction": 1.0, **frame.as_dict()}
    sheet = keep_file(frame.sheet_png(), "sheet.png")
    return [make_tile(picture) for picture in frame.pictures], done, link(sheet)


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
    return keep_file(picture.as_png(), f"{picture.seed}-{picture.candidate}.png")


def describe_wait(waiting: Waiting) -> dict[str, Any]:
    """Stage, requests ahead, and seconds left where they can be told."""
    stage = "loading" if waiting.loading else "waiting" if waiting.ahead else "drawing"
    return {
        "stage": stage,
        "fraction": 0.0,
        "ahead": waiting.ahead,
        "seconds_left": waiting.seconds,
    }


def describe_server(engine: Engine) -> dict[str, Any]:
    """What /status answers."""
    serving, model = engine.serving, None
    if serving:
        model = {
            "name": serving.name,
            "revision": serving.revision,
            "precision": serving.precision,
            "size": list(serving.size),
        }
    return {
        "version": VERSION,
        "ready": engine.ready,
        "failure": engine.failure,
        "model": model,
        "coming": asdict(engine.coming) if engine.coming else None,
        "queue": {
            "waiting": engine.waiting,
            "limit": engine.queue_size,
            "seconds_each": engine.seconds,
        },
        "limits": {name: list(limits) for name, limits in LIMITS.items()},
        "defaults": serving.defaults if serving else None,
        "models": engine.installed.models(serving),
        "precisions": engine.installed.precisions(serving),
    }


def read_pictures(pictures: Any) -> list:
    """The pictures of a request as RGB; SettingsError names the first that is none."""
    if not isinstance(pictures, list) or not 1 <= len(pictures) <= MAX_RANKED:
        given = f"{len(pictures)} long" if isinstance(pictures, list) else "no list"
        raise SettingsError(
            f"pictures is {given}; it must be a list of 1 to {MAX_RANKED} pictures, "
            "each a data URI or an address that /generate gave."
        )
    return [read_picture(f"pictures[{index}]", one) for index, one in enumerate(pictures)]


async def explain_call(request: Request, error: Exception) -> Response:
    """A sentence for a call that fits no endpoint.

    Gradio raises these where an endpoint is unknown, and for a call by name a TypeError where a
    parameter is missing or unknown; without a handler all are an "Internal Server Error". So is an
    upload that is no file, with an AttributeError where its progress is watched.
    """
    by_name = request.url.path.startswith(CALLS_BY_NAME)
    endpoint = request.url.path.rstrip("/").rpartition("/")[2][:80]
    if isinstance(error, FnIndexInferError) or (by_name and error.args == (f"/{endpoint}",)):
        status, told = 404, f"There is no endpoint named /{endpoint}"
    elif request.url.path == JOIN and isinstance(error, KeyError):
        status, told = 404, "There is no function of that number"
    elif request.url.path == UPLOAD and isinstance(error, TypeError | AttributeError):
        status, told = 400, "The form holds something that is no file"
    elif by_name and isinstance(error, TypeError):
        status, told = 400, str(error).split(". Please", 1)[0]
    else:
        raise error
    return JSONResponse({"detail": f"{told}; {API_PREFIX}/info lists what there is."}, status)


async def explain_form(request: Request, error: RequestValidationError) -> Response:
    """What does not fit in a request's form; the framework's own answer would repeat the input."""
    first = error.errors()[0]
    place = ".".join(str(part)[:40] for part in first["loc"])
    told = f"{place}: {first['msg']}; {API_PREFIX}/info lists what there is."
    return JSONResponse({"detail": told.encode("ascii", "replace").decode()}, 422)


EXCEPTION_HANDLERS = {
    **dict.fromkeys((FnIndexInferError, KeyError, TypeError, AttributeError), explain_call),
    RequestValidationError: explain_form,
}


@contextmanager
def told_to_the_caller() -> Iterator[None]:
    """Hands the sentence of a DalleError, or about a full disk, to whoever called."""
    try:
        yield
    except (DalleError, OSError) as error:
        raise gr.Error(str(tell(error)), print_exception=False) from error
