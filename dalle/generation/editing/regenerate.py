"""A picture drawn again from its recipe, and the pictures that it came from before it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dalle.generation.editing.alteration import Immediate, alteration_of
from dalle.generation.editing.chain import unroll
from dalle.generation.result import Picture
from dalle.settings import GenerationSettings, SettingsError

if TYPE_CHECKING:
    from dalle.generation.pipeline import Pipeline


def regenerate(pipeline: "Pipeline", recipe: Mapping[str, Any]) -> Picture | None:
    """The picture of a recipe; None where this model can't draw it, or the chain is too long."""
    picture = None
    for step in unroll(recipe):
        picture = _generate(pipeline, step, picture)
        if picture is None:
            return None
    return picture


def _generate(
    pipeline: "Pipeline", recipe: Mapping[str, Any], before: Picture | None
) -> Picture | None:
    settings, prompt, candidate = map(recipe.get, ("settings", "prompt", "candidate"))
    ours = recipe.get("model") == pipeline.name and recipe.get("revision") == pipeline.revision
    if not ours or not isinstance(settings, Mapping):
        return None
    if not isinstance(prompt, str) or not isinstance(candidate, int):
        return None
    knobs = {name: settings.get(name) for name in GenerationSettings.__dataclass_fields__}
    knobs |= {"only": [candidate], "keep": None}
    try:
        if before is None:
            return pipeline.generate(prompt, **knobs).pictures[0]
        alteration = alteration_of(recipe.get("edit"), before)
        if isinstance(alteration, Immediate):
            return alteration.answer(pipeline).pictures[0]
        return pipeline.alter(alteration, prompt, **knobs).pictures[0]
    except SettingsError:  # a recipe that this version never wrote
        return None
