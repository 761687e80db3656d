"""About the endpoints, in the form that gradio reads."""

from collections.abc import Mapping
from typing import Any

from dalle.settings import LIMITS, GenerationSettings

MAX_RANKED = int(LIMITS["candidates"][1])
ASKED = {
    "prompt": 'what to draw, in a few English words: "a red apple on a blue background"',
    "seed": f"a whole number from {LIMITS['seed'][0]} to {LIMITS['seed'][1]} that decides the "
    "pictures; left out: a random one",
}


def describe_generate(defaults: Mapping[str, Any]) -> str:
    """About /generate."""

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
        "model": "one of the models that /status lists; left out: the first of them",
        "precision": "one of the precisions that /status lists; left out: the first of them",
    }
    return describe(
        "Draws pictures of what a short English prompt says, and returns the best of them. "
        "The model draws several candidates, which are ranked; the same prompt, settings and "
        "seed give the same pictures. Until it is done, frames tell the progress and hold a "
        "preview; the last frame is the answer.",
        parameters,
        "the kept pictures, best first, each with image (a PNG file), caption, candidate, seed, "
        "score (what they are ranked by) and log_likelihood (of their codes, in nats)",
        "version, stage and fraction; when done also model, settings, seed, scores, notes",
        "a sheet of the kept pictures with the prompt; until it is done a preview of them",
    )


def describe_picture() -> str:
    """About /picture."""
    return describe(
        "Draws a picture of what a short English prompt says: the best of several, as a PNG file "
        "that carries what remakes it.",
        ASKED,
        "the picture",
    )


def describe_rank() -> str:
    """About /rank."""
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
    """About /status."""
    return describe(
        "Tells which model draws, whether another one is on its way, how many requests wait and "
        "what one takes, the limits and defaults of the settings, and which models and precisions "
        "may be asked for.",
        {},
        "version, ready, failure, model, coming, queue, limits, defaults, models, precisions",
    )


def describe(what: str, parameters: Mapping[str, str], *returns: str) -> str:
    """A docstring in the form that gradio reads."""
    lines = [what, "Parameters:", *(f"{name}: {text}" for name, text in parameters.items())]
    return "\n".join([*lines, "Returns:", *returns])
