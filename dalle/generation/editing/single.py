"""A result of one picture that was not sampled."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PIL import Image

from dalle.generation.editing.change import FOREIGN
from dalle.generation.editing.original import Source
from dalle.generation.finish import origin_of
from dalle.generation.result import Picture, Result
from dalle.settings import GenerationSettings

if TYPE_CHECKING:
    from dalle.generation.pipeline import Pipeline


def single_result(
    pipeline: "Pipeline",
    image: Image.Image,
    source: Source,
    edit: Mapping[str, Any],
    seconds: dict[str, float],
    notes: Sequence[str] = (),
    codes: Sequence[int] = (),
) -> Result:
    """The result; prompt, seed and settings are those of the picture that it comes from."""
    of = source.recipe or {}
    settings = of.get("settings") or GenerationSettings(seed=0, candidates=9, keep=1).as_dict()
    recipe = origin_of(pipeline) | {
        "prompt": of.get("prompt", ""),
        "normalized_prompt": of.get("normalized_prompt", ""),
        "settings": settings,
        "seed": of.get("seed", 0),
        "edited_from": source.recipe or FOREIGN,
        "edit": dict(edit),
    }
    candidate = of.get("candidate", 0)
    picture = Picture(
        image=image,
        score=0.0,
        candidate=candidate,
        recipe=recipe | {"candidate": candidate},
        verdict=source.verdict,
        codes=tuple(codes),
    )
    return Result([picture], [], recipe, seconds, list(notes))
