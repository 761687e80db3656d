"""A recipe as a link, and back: a link, a file and an answer of the API tell the same things."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from dalle.generation.editing.chain import unroll
from dalle.knobs import Knob
from dalle.serving.page.events.steps import read_steps, write_steps
from dalle.settings import KNOBS, GenerationSettings, SettingsError, check_text

# What a sentence repeats of a link, which anybody may have written: a name or a number, and never
# a message to its reader.
REPEATED = re.compile(r"(?=.{1,40}\Z)[\w.-]+(?:[/@:][\w.-]+){0,3}", re.ASCII)
LONGEST = 2**17  # characters; two prompts and all changes, every letter escaped, fit
CANDIDATE = Knob("candidate", int, None, "the number of a single candidate")
# These must be the same for the same picture to the last bit; the words tell that one is not.
ORIGIN = {
    "model": "Another model drew it",
    "revision": "Another revision of the model drew it",
    "precision": "It was drawn in another precision",
    "machine": "Another kind of machine drew it",
}


@dataclass(frozen=True)
class Link:
    """The contents of a link: a prompt, its settings, and whether to generate at once."""

    prompt: str = ""
    knobs: dict[str, Any] = field(default_factory=dict)  # of KNOBS, those that are told
    candidate: int | None = None  # this one alone
    run: bool = False
    hidden: bool = False  # whether its prompt is to be guessed
    steps: tuple[Mapping[str, Any], ...] = ()  # changes of the picture that it draws first
    origin: dict[str, str] = field(default_factory=dict)  # the fields of ORIGIN that it has
    query: str = field(default="", compare=False)  # that it was read from


def write_query(recipe: Mapping[str, Any], *, run: bool = True) -> str:
    """The query string, without its question mark, that remakes a recipe's pictures.

    Empty where they go on with a foreign picture, which no link can hold.
    """
    first, *steps = unroll(recipe) or ({},)
    if not first:
        return ""
    more = {"then": write_steps(steps)} if steps else {}
    return urlencode(_tell(first) | more | ({"run": 1} if run else {}))


def _tell(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a link to the pictures of a recipe."""
    told = {"prompt": recipe["prompt"]} if recipe.get("prompt") else {}
    told |= {"seed": recipe["seed"]}
    if recipe.get("candidate") is not None:
        told["candidate"] = recipe["candidate"]
    settings = recipe.get("settings", {})
    # A switch is on by default, so only one that is off needs to be told.
    values = {name: settings.get(name) for name in KNOBS}
    told |= {n: v for n, v in values.items() if v is not True and v not in (None, "")}
    told |= {name: recipe[name] for name in ORIGIN if recipe.get(name)}
    return told | {"seed": recipe["seed"]}


def write_link(recipe: Mapping[str, Any], usual: Mapping[str, Any], model: str) -> str:
    """The short query to share: settings that are `usual` here, and `model`, are not told.

    Unlike write_query it remakes the same pictures only where the same model draws. Of a changed
    picture it is as long as there.
    """
    if "edited_from" in recipe:
        return write_query(recipe, run=False)
    settings = recipe.get("settings", {})
    other = {name: value for name, value in settings.items() if value != usual.get(name)}
    short = {name: recipe.get(name) for name in ("prompt", "seed", "candidate")}
    short |= {"settings": other}
    if recipe.get("model") != model:
        short["model"] = recipe.get("model")
    return write_query(short, run=False)


def read_query(query: str) -> Link:
    """The link in a query string; unknown fields are ignored.

    SettingsError for a value that cannot be; its message says which.
    """
    if len(query) > LONGEST:
        raise SettingsError("The link is too long to be one of ours; copy it once more, whole.")
    fields = parse_qs(query.removeprefix("?"), keep_blank_values=False)
    told = {name: values[-1] for name, values in fields.items()}
    knobs: dict[str, Any] = {}
    for name in KNOBS:
        if name in told:
            knobs[name] = _read(name, KNOBS[name], told[name])
    candidate = _read("candidate", CANDIDATE, told["candidate"]) if "candidate" in told else None
    prompt = check_text("prompt", told.get("prompt", ""))
    # Checked as a whole: the limits are those of drawing.
    GenerationSettings.of({}, knobs | ({} if candidate is None else {"only": (candidate,)}))
    return Link(
        steps=read_steps(told["then"]) if "then" in told else (),
        prompt=prompt,
        knobs=knobs,
        candidate=candidate,
        run=told.get("run") == "1" and prompt.strip() != "",
        origin={name: told[name] for name in ORIGIN if name in told},
        query=query,
    )


def tell_differences(origin: Mapping[str, str], here: Mapping[str, str]) -> str:
    """Sentences where another model, precision or machine drew it; empty where nothing differs."""
    other = [
        f"{words}: {_repeat(origin[name])} (here {here[name]})."
        for name, words in ORIGIN.items()
        if origin.get(name) and here.get(name) and origin[name] != here[name]
    ]
    if not other:
        return ""
    return " ".join([*other, "Pictures drawn here will differ from it."])


def _repeat(value: str) -> str:
    """A name as it is; nothing of any other words."""
    return value if REPEATED.fullmatch(value) else "…"


def _read(name: str, knob: Knob, text: str) -> Any:
    try:
        return knob.parse(text)
    except ValueError as error:
        allowed = {int: "a whole number", bool: "true or false"}.get(knob.kind, "a number")
        raise SettingsError(
            f"The link says {name}={_repeat(text)}, and it must be {allowed}; mend the "
            f"link, or leave {name} out of it."
        ) from error
