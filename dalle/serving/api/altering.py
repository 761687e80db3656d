"""The endpoints that go on with a picture: /vary, /edit, /extend, /tile, /enlarge."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import gradio as gr
from gradio.data_classes import FileDataDict
from PIL import Image

from dalle.engine.order import Order
from dalle.engine.protocol import Engine
from dalle.generation.editing.alteration import Alteration, Edit, Enlarge, Extend, Vary
from dalle.generation.editing.alteration import Tile as Repeat
from dalle.generation.editing.extend import check_side
from dalle.generation.editing.vary import check_strength
from dalle.generation.result import Result
from dalle.safety.file_decoder import decode_mask
from dalle.safety.foreign_image import open_foreign
from dalle.serving.api.descriptions import describe_alteration
from dalle.serving.api.endpoints import (
    GENERATE,
    VERSION,
    Tile,
    answer,
    keep_picture,
    make_tile,
    told_to_the_caller,
)
from dalle.serving.api.files import link
from dalle.serving.api.incoming import MAX_MEGABYTES, naming, read_content, turn_to_decode
from dalle.serving.http.visitors import current_visitor

Parameters = dict[str, inspect.Parameter]
CHECKS = {"strength": check_strength, "side": check_side}  # of wishes, without the picture


def add_alterations(engine: Engine, defaults: Mapping[str, Any]) -> None:
    """Adds the endpoints to the gr.Blocks that is being built; as `endpoints.add_api`."""
    knobs = {name: one for name, one in GENERATE.items() if name != "prompt"}
    makers = {"vary": make_vary, "edit": make_edit, "extend": make_extend, "tile": make_repeat}
    for name, make in makers.items():
        parameters = make_parameters(make) | knobs
        _add(name, parameters, defaults, make_endpoint(engine, parameters, make))
    parameters = make_parameters(make_enlarge) | {"model": GENERATE["model"]}
    _add("enlarge", parameters, defaults, make_endpoint(engine, parameters, make_enlarge))


def make_vary(picture: str, prompt: str = "", strength: float = 0.5) -> Alteration:
    return Vary(read_foreign("picture", picture), strength)


def make_edit(picture: str, mask: str, prompt: str = "") -> Alteration:
    return Edit(read_foreign("picture", picture), read_mask("mask", mask))


def make_extend(picture: str, side: str, prompt: str = "") -> Alteration:
    return Extend(read_foreign("picture", picture), side)


def make_repeat(picture: str, prompt: str = "") -> Alteration:
    return Repeat(read_foreign("picture", picture))


def make_enlarge(picture: str, times: int = 2) -> Alteration:
    return Enlarge(read_foreign("picture", picture, whole=True), times)


def read_foreign(name: str, given: Any, whole: bool = False) -> Image.Image:
    """A picture that a program sends; SettingsError, which names it, for an unusable one."""
    with naming(name):
        return open_foreign(read_content(name, given), MAX_MEGABYTES, whole=whole).image


def read_mask(name: str, given: Any) -> Image.Image:
    """A mask that a program sends, white where to redraw; errors as `read_foreign`."""
    with naming(name):
        return decode_mask(read_content(name, given), MAX_MEGABYTES)


def make_parameters(make: Callable[..., Alteration]) -> Parameters:
    """Those of a function that makes an alteration."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return {
        name: one.replace(kind=kind) for name, one in inspect.signature(make).parameters.items()
    }


def make_endpoint(
    engine: Engine, parameters: Parameters, make: Callable[..., Alteration]
) -> Callable[..., Iterator[tuple]]:
    """The function of an endpoint: it orders the alteration that `make` makes."""
    own = list(make_parameters(make))

    def endpoint(*values: Any) -> Iterator[tuple]:
        given = dict(zip(parameters, values, strict=False))
        with told_to_the_caller():
            asked = {name: given.pop(name) for name in own}
            prompt = asked.get("prompt", "")
            # Cheap checks come before the picture is decoded.
            Order.parse(prompt or "a picture", **given)
            for name in asked.keys() & CHECKS.keys():
                CHECKS[name](asked[name])
            with turn_to_decode():
                alteration = make(**asked)
            order = Order.parse(prompt, alteration=alteration, **given)
            for frame in engine.generate(order, visitor=current_visitor()):
                yield answer_enlarged(frame) if make is make_enlarge else answer(frame)

    return endpoint


def answer_enlarged(frame: Any) -> tuple[list, dict[str, Any], dict | None]:
    """As `answer`, without a sheet, which would be as large as the picture once more."""
    if not isinstance(frame, Result):
        return answer(frame)
    done = {"version": VERSION, "stage": "done", "fraction": 1.0, **frame.as_dict()}
    (picture,) = frame.pictures
    return [make_tile(picture)], done, link(keep_picture(picture))


def _add(
    name: str,
    parameters: Parameters,
    defaults: Mapping[str, Any],
    endpoint: Callable[..., Iterator[tuple]],
) -> None:
    # Gradio takes the parameters and their types from here.
    endpoint.__signature__ = inspect.Signature(
        list(parameters.values()), return_annotation=tuple[list[Tile], dict, FileDataDict]
    )
    endpoint.__annotations__ = {each: one.annotation for each, one in parameters.items()}
    endpoint.__name__ = name  # of the tool that assistants see
    endpoint.__doc__ = describe_alteration(name, list(parameters), defaults)
    gr.api(endpoint, api_name=name, concurrency_limit=None)
