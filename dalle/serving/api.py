"""The typed endpoints for programs: /generate, /picture, /rank and /status, version 1.

Within a version fields and optional parameters may be added, and nothing else changes; a change
that could break a caller gets a name of its own (/generate_v2) beside the old one.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, TypedDict

import gradio as gr
from gradio.data_classes import FileDataDict
from gradio.route_utils import API_PREFIX
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dalle.errors import DalleError
from dalle.generation.pictures import make_grid
from dalle.generation.rank import best_first
from dalle.generation.result import Picture, Preview, Result, encode_png
from dalle.serving.engine import Engine, Waiting
from dalle.serving.files import keep as keep_file
from dalle.serving.files import link, read_picture
from dalle.settings import LIMITS, GenerationSettings, SettingsError, check_prompt

VERSION = 1
CALLS_BY_NAME = f"{API_PREFIX}/call/v2/"
MAX_RANKED = int(LIMITS["candidates"][1])
ASKED = {
    "prompt": 'what to draw, in a few English words: "a red apple on a blue background"',
    "seed": f"a whole number from {LIMITS['seed'][0]} to {LIMITS['seed'][1]} that decides the "
    "pictures; left out: a random one",
}


class Tile(TypedDict):
    """A kept picture; gradio shows these fields in its description of the API."""

    image: FileDataDict
    caption: str
    candidate: int
    seed: int
    score: float | None


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
            for frame in engine.draw(prompt, **knobs):
                yield answer(frame)

    # An MCP client shows a picture only where it is all that an endpoint returns.
    def picture(prompt: str, seed: int | None = None) -> FileDataDict:
        *_, (pictures, _, _) = generate(prompt, seed, keep=1)
        return pictures[0]["image"]

    def rank(prompt: str, pictures: list[str]) -> dict:
        with told_to_the_caller():
            check_prompt(prompt)
            images = read_pictures(pictures)
            for frame in engine.rank(images, prompt):
                if isinstance(frame, Waiting):
                    yield {"version": VERSION, **describe_wait(frame)}
                else:
                    yield {
                        "version": VERSION,
                        "stage": "done",
                        "model": engine.serving.name,
                        "prompt": prompt,
                        "ranking": [
                            {"picture": index, "score": as_json(frame[index])}
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


def describe_generate(defaults: Mapping[str, Any]) -> str:
    """What the API page and an MCP client read about /generate."""

    def limits(name: str) -> str:
        low, high = LIMITS[name]
        general = GenerationSettings.__dataclass_fields__[name].default
        return f"({low} to {high}; left out: the model's own, {defaults.get(name, general)} here)"

    parameters = {
        **ASKED,
        "candidates": f"how many are drawn and ranked {limits('candidates')}",
        "keep": "how many of the best are returned; left out: 9",
        "condition_scale": f"how closely to follow the prompt {limits('condition_scale')}",
        "temperature": "how adventurous to be; 0 takes the likeliest picture "
        + limits("temperature"),
        "top_k": "each code is one of so many of the likeliest; 0 takes all " + limits("top_k"),
        "top_p": "each code is one of the likeliest with this probability together "
        + limits("top_p"),
        "negative_prompt": "what to stay away from",
        "only": "numbers of single candidates to draw again, such as [7]; left out: all",
    }
    return describe(
        "Draws pictures of what a short English prompt says, and returns the best of them. "
        "The model draws several candidates and CLIP ranks them; the same prompt, settings and "
        "seed give the same pictures. Until it is done, frames tell the progress and hold a "
        "preview; the last frame is the answer.",
        parameters,
        "the kept pictures, best first, each with image (a PNG file), caption, candidate, seed "
        "and score",
        "version, stage and fraction; when done also model, settings, seed, scores, notes",
        "a sheet of the kept pictures with the prompt; until it is done a preview of them",
    )


def describe_picture() -> str:
    """What the API page and an MCP client read about /picture."""
    return describe(
        "Draws a picture of what a short English prompt says: the best of several, as a PNG file "
        "that carries what remakes it.",
        ASKED,
        "the picture",
    )


def describe_rank() -> str:
    """What the API page and an MCP client read about /rank."""
    return describe(
        "Says how well pictures fit a text, in CLIP's opinion, without drawing anything.",
        {
            "prompt": "the text to compare the pictures with",
            "pictures": f"up to {MAX_RANKED} pictures, each the address of one that generate "
            "gave, or a data URI of a PNG, JPEG or WebP file",
        },
        "version, model, prompt, and ranking: best first, each picture's position in the list "
        "(from 0) and its score",
    )


def describe_status() -> str:
    """What the API page and an MCP client read about /status."""
    return describe(
        "Tells which model draws, whether another one is on its way, how many requests wait and "
        "what one takes, and the limits and defaults of the settings.",
        {},
        "version, ready, failure, model, coming, queue, limits, defaults",
    )


def describe(what: str, parameters: Mapping[str, str], *returns: str) -> str:
    """A docstring in the form that gradio reads."""
    lines = [what, "Parameters:", *(f"{name}: {text}" for name, text in parameters.items())]
    return "\n".join([*lines, "Returns:", *returns])


def answer(frame: Waiting | Preview | Result) -> tuple[list, dict[str, Any], dict | None]:
    """A frame as the caller gets it: kept pictures, what was done, and a sheet or a preview."""
    if isinstance(frame, Waiting):
        return [], {"version": VERSION, **describe_wait(frame)}, None
    if isinstance(frame, Preview):
        preview = encode_png(make_grid(frame.pictures))
        done = {"version": VERSION, "stage": frame.stage, "fraction": frame.fraction}
        return [], done, link(keep_file(preview, "preview.png"))
    done = {"version": VERSION, "stage": "done", "fraction": 1.0, **frame.as_dict()}
    sheet = keep_file(encode_png(frame.sheet()), "sheet.png")
    return [make_tile(picture) for picture in frame.pictures], done, link(sheet)


def make_tile(picture: Picture) -> dict[str, Any]:
    """A kept picture, its file written."""
    score = as_json(picture.score)
    return {
        "image": link(keep_picture(picture)),
        "caption": f"{picture.score:.1f} (no. {picture.candidate})",
        "candidate": picture.candidate,
        "seed": picture.seed,
        "score": score,
    }


def keep_picture(picture: Picture) -> str:
    """The path of the picture's PNG file, which carries its recipe."""
    return keep_file(picture.as_png(), f"{picture.seed}-{picture.candidate}.png")


def as_json(score: float) -> float | None:
    """The score; None for one that is not finite, which JSON cannot hold."""
    return score if abs(score) < float("inf") else None


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
    """A 400 for a call by name (/gradio_api/call/v2/...) that does not fit the endpoint.

    Gradio raises a TypeError for a parameter that is missing or unknown, and a KeyError for an
    endpoint that is; without a handler both are "Internal Server Error".
    """
    if not request.url.path.startswith(CALLS_BY_NAME):
        raise error
    if isinstance(error, KeyError):
        told = f"There is no endpoint named {request.url.path.removeprefix(CALLS_BY_NAME)!r}"
    else:
        told = str(error).split(". Please", 1)[0]
    return JSONResponse({"detail": f"{told}; {API_PREFIX}/info lists what there is."}, 400)


EXCEPTION_HANDLERS = {TypeError: explain_call, KeyError: explain_call}


@contextmanager
def told_to_the_caller() -> Iterator[None]:
    """Hands the sentence of a DalleError to whoever called."""
    try:
        yield
    except DalleError as error:
        raise gr.Error(str(error), print_exception=False) from error
