"""The forms of POST /v1/images/edits and /v1/images/variations, as OpenAI's clients send them.

Form: https://platform.openai.com/docs/api-reference/images/createEdit and .../createVariation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from dalle.errors import DalleError
from dalle.generation.editing.alteration import Alteration, Edit, Vary
from dalle.generation.editing.vary import check_strength
from dalle.safety.file_decoder import decode_mask
from dalle.safety.foreign_image import ForeignImage, open_foreign
from dalle.serving.api.incoming import MAX_MEGABYTES
from dalle.serving.api.openai_request import RefusedError
from dalle.settings import KNOBS, SettingsError

EDITS, VARIATIONS = "/v1/images/edits", "/v1/images/variations"
FILES = ("image", "mask")
NUMBERS = {"n": int, "output_compression": int, "partial_images": int, "strength": float}
MOST_FIELDS = 40
FREE_EDIT = 0.7  # strength of a variation, in place of an edit without a mask


@dataclass(frozen=True)
class Form:
    """The fields of a form in their own types, and its files."""

    fields: dict[str, Any]
    image: bytes
    mask: bytes | None

    @property
    def strength(self) -> Any:
        return self.fields.get("strength", 0.5)


async def read_form(request: Request) -> Form:
    """The fields of a form; RefusedError where it can't be read, or holds no picture."""
    try:
        async with request.form(max_files=2, max_fields=MOST_FIELDS) as form:
            files = {name: await _read_file(form, name) for name in FILES}
            fields = {
                name: _read_text(name, value)
                for name, value in form.items()
                if name.removesuffix("[]") not in FILES
            }
    except (MultiPartException, HTTPException) as error:
        reason = getattr(error, "message", None) or getattr(error, "detail", "")
        raise RefusedError(f"The form cannot be read ({str(reason)[:80]}).") from error
    if files["image"] is None:
        raise RefusedError("image is missing; send one picture as a file.", "image", "missing")
    return Form(fields, files["image"], files["mask"])


async def _read_file(form: FormData, name: str) -> bytes | None:
    """The file of a field; None where there is none."""
    given = [*form.getlist(name), *form.getlist(f"{name}[]")]
    if not given:
        return None
    if len(given) > 1 or not isinstance(given[0], UploadFile):
        raise RefusedError(
            f"{name} must be one picture, sent as a file; {len(given)} came.", name, "invalid_value"
        )
    return await given[0].read(MAX_MEGABYTES * 2**20 + 1)


def _read_text(name: str, value: Any) -> Any:
    """A field's text in its own type; as it is where it isn't of that type."""
    if not isinstance(value, str):
        raise RefusedError(f"{name[:64]} is a file; it must be text.", name[:64], "invalid_value")
    knob = KNOBS.get(name)
    try:
        if knob:
            return knob.parse(value)
        if name == "stream":
            return {"true": True, "false": False}.get(value, value)
        return NUMBERS.get(name, str)(value)
    except ValueError:
        return value


def check(form: Form) -> None:
    """RefusedError for a strength that cannot be, before anything is decoded."""
    _checked("strength", lambda: check_strength(form.strength))


def vary(form: Form, strict: bool, notes: list[str]) -> Alteration:
    """The alteration of a form for variations; RefusedError where its picture can't be used."""
    return _checked("image", lambda: Vary(_open(form).image, form.strength))


def edit(form: Form, strict: bool, notes: list[str]) -> Alteration:
    """The alteration of a form for edits; a note where it is answered in another way."""
    source = _checked("image", lambda: _open(form, transparent=True))
    mask = _checked("mask", lambda: _mask_of(form, source))
    if mask is not None:
        return _checked("mask", lambda: Edit(source.image, mask))
    told = "mask is missing, and the picture is nowhere transparent"
    if strict:
        raise RefusedError(f"{told}; send a mask.", "mask", "missing")
    notes.append(f"{told}, so all of it may change: this is a variation with the prompt.")
    strength = form.fields.get("strength", FREE_EDIT)
    return _checked("image", lambda: Vary(source.image, strength))


def _open(form: Form, transparent: bool = False) -> ForeignImage:
    return open_foreign(form.image, MAX_MEGABYTES, transparent=transparent)


def _mask_of(form: Form, source: ForeignImage) -> Image.Image | None:
    return decode_mask(form.mask, MAX_MEGABYTES) if form.mask else source.mask


def _checked(name: str, make: Callable[[], Any]) -> Any:
    """The value of `make`; its DalleError becomes the refusal."""
    try:
        return make()
    except SettingsError as error:
        name = "strength" if str(error).startswith("strength") else name
        raise RefusedError(str(error), name, "invalid_value") from error
    except DalleError as error:
        raise RefusedError(f"{name} cannot be used. {error}", name, "invalid_value") from error
