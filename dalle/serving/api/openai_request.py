"""A request in the form of the OpenAI Images API: its wishes, and those that are not granted here.

Form: https://platform.openai.com/docs/api-reference/images/create. Their clients send parameters
by default that no model here knows. The answer's `notes` tell them; a strict server refuses them.
"""

import json
import math
import re
import reprlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse

from dalle.engine.order import Order
from dalle.engine.protocol import Engine
from dalle.generation.editing.alteration import Alteration
from dalle.settings import KNOBS, SettingsError

MAX_PICTURES = 10  # as there
LARGEST_SIDE = 1024  # pixels, that a picture is enlarged to
SMALLEST_SIDE = 64
RESPONSE_FORMATS = ("url", "b64_json")
# Other fields, and the only values that are true here anyway.
ONLY = {
    "quality": ("auto", "standard"),
    "background": ("auto", "opaque"),
    "moderation": ("auto",),
    "output_format": ("png",),
    "output_compression": (100,),
    "stream": (False,),
    "partial_images": (0,),
    "input_fidelity": ("high",),
    "style": (),
}
NEVER_IGNORED = ("stream",)  # a client that asks for events cannot read anything else
# Ours beside theirs: in the Python client by way of extra_body.
OURS = (*KNOBS, "precision")
ALIKE = ("user", "safety_identifier")  # the asker makes no difference
KNOWN = ("prompt", "model", "n", "size", "response_format", *ALIKE, *ONLY, *OURS)


class RefusedError(Exception):
    """The answer instead of pictures."""

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
class ImagesRequest:
    """A parsed body: the order, and the form of the answer."""

    order: Order
    size: tuple[int, int] | None
    response_format: str
    strict: bool
    notes: list[str]  # sentences about what is not done as asked

    @classmethod
    def read(
        cls, body: Any, engine: Engine, strict: bool, alteration: Alteration | None = None
    ) -> "ImagesRequest":
        """The order in a request's JSON or form; RefusedError for the first impossible thing."""
        if not isinstance(body, dict):
            raise RefusedError('The body must be a JSON object, such as {"prompt": "a cat"}.')
        # In JSON null stands for a missing field.
        body = {name: value for name, value in body.items() if value is not None}
        for name in body:
            if name not in KNOWN:
                raise RefusedError(
                    f"Unknown parameter: {reprlib.repr(name)}; choose among {', '.join(KNOWN)}.",
                    str(name)[:64],
                    "unknown_parameter",
                )
        notes = _ignore(body, strict)
        count = _read_count(body.get("n", 1))
        given = {name: body[name] for name in OURS if name in body}
        active, model = engine.active_model, None
        if active:
            names = tuple(engine.model_pool.names)
            model = _read_model(body.get("model", active.name), names, strict, notes)
        given |= {"keep": count, "model": model, "alteration": alteration}
        order = _parse(Order.parse, body.get("prompt", ""), **given)
        if active:
            _parse(engine.model_pool.check, order.choice)
        size = _read_size(body.get("size"))
        answer = body.get("response_format", "url")
        read = cls(
            order, size, _read_choice("response_format", answer, RESPONSE_FORMATS), strict, notes
        )
        # Other models tell their size with their pictures, and so does what goes on with one.
        if active and model == active.name and alteration is None:
            read.side(active.size)
        return read

    def side(self, made: tuple[int, int]) -> int | None:
        """Pixels a side to resize to, None for none; `drawn` are width and height of a picture.

        RefusedError in a strict server where another size was asked for than the model draws.
        """
        if self.size in (None, made):
            return None
        if made[0] != made[1] and not self.strict:  # resized it would be distorted
            return None
        if self.strict:
            raise RefusedError(
                f"size is {self.size[0]}x{self.size[1]}; this model draws {made[0]}x{made[1]}, "
                "so ask for that, for auto, or leave it out.",
                "size",
                "unsupported_value",
            )
        side = max(SMALLEST_SIDE, min(*self.size, LARGEST_SIDE))
        return side if (side, side) != made else None


def _ignore(body: dict[str, Any], strict: bool) -> list[str]:
    """Sentences about what is asked for and not done; RefusedError where it must not be ignored."""
    notes = []
    for name, allowed in ONLY.items():
        if name not in body or body[name] in allowed:
            continue
        told = f"{name} is {json.dumps(body[name])[:60]}, which is not done here"
        if strict or name in NEVER_IGNORED:
            choices = f" or choose {' or '.join(map(json.dumps, allowed))}" if allowed else ""
            raise RefusedError(f"{told}; leave it out{choices}.", name, "unsupported_value")
        notes.append(f"{told}; it was ignored.")
    return notes


def _parse(check: Callable[..., Any], *values: Any, **named: Any) -> Any:
    """The value of `check`; its SettingsError becomes the refusal."""
    try:
        return check(*values, **named)
    except SettingsError as error:
        # The sentence begins with the name of the setting.
        name, rest = str(error).split(" ", 1)
        if name == "The":  # "The prompt is empty"
            raise RefusedError(str(error), "prompt", "invalid_value") from error
        name = "n" if name == "keep" else name
        raise RefusedError(f"{name} {rest}", name, "invalid_value") from error


def _read_count(count: Any) -> int:
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_PICTURES:
        raise RefusedError(
            f"n is {reprlib.repr(count)}; it must be a whole number from 1 to {MAX_PICTURES}.",
            "n",
            "invalid_value",
        )
    return count


def _read_size(size: Any) -> tuple[int, int] | None:
    if size is None or size == "auto":
        return None
    given = re.fullmatch(r"([1-9]\d{0,3})x([1-9]\d{0,3})", size) if isinstance(size, str) else None
    if given is None:
        raise RefusedError(
            f'size is {reprlib.repr(size)}; it must be auto, or width and height as in "256x256".',
            "size",
            "invalid_value",
        )
    return int(given[1]), int(given[2])


def _read_choice(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise RefusedError(
            f"{name} is {reprlib.repr(value)}; it must be {' or '.join(allowed)}, or left out.",
            name,
            "model_not_found" if name == "model" else "invalid_value",
        )
    return value


def _read_model(asked: Any, names: tuple[str, ...], strict: bool, notes: list[str]) -> str:
    """The model that draws: the default one where another is asked for than there are."""
    if strict or asked in names:
        return _read_choice("model", asked, names)
    notes.append(f"There is no model {reprlib.repr(asked)} here; {names[0]} drew this.")
    return names[0]
