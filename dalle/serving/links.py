"""A recipe as a link, and back: a link, a file and an answer of the API tell the same things."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from dalle.settings import GenerationSettings, SettingsError, check_text

WHOLE = ("seed", "candidates", "top_k")
REAL = ("condition_scale", "temperature", "top_p")
KNOBS = (
    "seed",
    "negative_prompt",
    "candidates",
    "condition_scale",
    "temperature",
    "top_k",
    "top_p",
)
# What must be the same for the same picture to the last bit, in words.
ORIGIN = {
    "model": "model",
    "revision": "revision",
    "precision": "precision",
    "machine": "kind of machine",
}


@dataclass(frozen=True)
class Order:
    """What a link asks for: a prompt, the settings that it tells, and whether to draw at once."""

    prompt: str = ""
    knobs: dict[str, Any] = field(default_factory=dict)  # of KNOBS, those that are told
    candidate: int | None = None  # this one alone
    run: bool = False
    origin: dict[str, str] = field(default_factory=dict)  # of ORIGIN, what is told
    query: str = field(default="", compare=False)  # that it was read from


def write_query(recipe: Mapping[str, Any], *, run: bool = True) -> str:
    """The query string, without its question mark, that remakes a recipe's pictures."""
    told = {"prompt": recipe["prompt"]} if recipe.get("prompt") else {}
    told |= {"seed": recipe["seed"]}
    if recipe.get("candidate") is not None:
        told["candidate"] = recipe["candidate"]
    settings = recipe.get("settings", {})
    told |= {name: settings[name] for name in KNOBS if settings.get(name) not in (None, "")}
    told |= {name: recipe[name] for name in ORIGIN if recipe.get(name)}
    told |= {"seed": recipe["seed"]} | ({"run": 1} if run else {})
    return urlencode(told)


def read_query(query: str) -> Order:
    """The order in a query string; what it does not know is left alone.

    SettingsError for a value that cannot be; its message says which.
    """
    fields = parse_qs(query.removeprefix("?"), keep_blank_values=False)
    told = {name: values[-1] for name, values in fields.items()}
    knobs: dict[str, Any] = {}
    for name in KNOBS:
        if name in told:
            knobs[name] = _number(name, told[name]) if name != "negative_prompt" else told[name]
    candidate = _number("candidate", told["candidate"]) if "candidate" in told else None
    prompt = check_text("prompt", told.get("prompt", ""))
    # Checked as a whole: the limits are those of drawing.
    GenerationSettings.of({}, knobs | ({} if candidate is None else {"only": (candidate,)}))
    return Order(
        prompt=prompt,
        knobs=knobs,
        candidate=candidate,
        run=told.get("run") == "1" and prompt.strip() != "",
        origin={name: told[name] for name in ORIGIN if name in told},
        query=query,
    )


def tell_differences(origin: Mapping[str, str], here: Mapping[str, str]) -> str:
    """A sentence where another model, precision or machine drew it; empty where nothing differs."""
    other = [
        f"{words} {origin[name]} (here {here[name]})"
        for name, words in ORIGIN.items()
        if origin.get(name) and here.get(name) and origin[name] != here[name]
    ]
    if not other:
        return ""
    return f"It was drawn with {' and '.join(other)}, so pictures drawn here will differ from it."


def _number(name: str, text: str) -> float | int:
    whole = name in (*WHOLE, "candidate")
    try:
        return int(text) if whole else float(text)
    except ValueError as error:
        kind = "a whole number" if whole else "a number"
        raise SettingsError(
            f"The link says {name}={text[:40]}, and it must be {kind}; mend the link, or leave "
            f"{name} out of it."
        ) from error
