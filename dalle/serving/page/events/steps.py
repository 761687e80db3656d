"""The changes of a picture as a part of a link, and back."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from dalle.generation.editing.chain import MOST_STEPS
from dalle.settings import KNOBS, GenerationSettings, SettingsError, check_text

LONGEST = 8_000  # letters
BROKEN = "The link tells of changes that can't be read; copy it once more, whole."


def write_steps(recipes: Iterable[Mapping[str, Any]]) -> str:
    """The recipes of changed pictures, one after another, as short as can be."""
    return json.dumps([_tell(recipe) for recipe in recipes], separators=(",", ":"))


def _tell(recipe: Mapping[str, Any]) -> dict[str, Any]:
    settings = recipe.get("settings", {})
    values = {name: settings.get(name) for name in KNOBS}
    knobs = {
        n: value for n, value in values.items() if value is not True and value not in ("", None)
    }
    told = {name: recipe[name] for name in ("edit", "prompt", "candidate") if name in recipe}
    return told | {"knobs": knobs | {"seed": recipe["seed"]}}


def read_steps(text: str) -> tuple[Mapping[str, Any], ...]:
    """The changes in a link; SettingsError where they can't be read."""
    try:
        steps = json.loads(text) if len(text) <= LONGEST else None
    except (ValueError, RecursionError) as error:
        raise SettingsError(BROKEN) from error
    if not isinstance(steps, list) or not 1 <= len(steps) <= MOST_STEPS:
        raise SettingsError(BROKEN)
    return tuple(map(_read, steps))


def _read(step: Any) -> Mapping[str, Any]:
    if not isinstance(step, dict) or not isinstance(step.get("edit"), dict):
        raise SettingsError(BROKEN)
    knobs, candidate = step.get("knobs", {}), step.get("candidate")
    if not isinstance(knobs, dict) or not set(knobs) <= set(KNOBS):
        raise SettingsError(BROKEN)
    only = {} if candidate is None else {"only": (candidate,)}
    try:
        GenerationSettings.of({}, knobs | only)
    except SettingsError as error:  # its sentence repeats what anybody may have written
        raise SettingsError(BROKEN) from error
    return {
        "edit": step["edit"],
        "prompt": check_text("prompt", step.get("prompt", "")),
        "knobs": knobs | only,
    }
