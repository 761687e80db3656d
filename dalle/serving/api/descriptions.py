"""About the endpoints, in the form that gradio reads."""

from collections.abc import Mapping, Sequence
from typing import Any

from dalle.knobs import Knob
from dalle.settings import KNOBS, LIMITS, MAX_PROMPT_CHARACTERS

MAX_RANKED = int(LIMITS["candidates"][1])
PROMPT = (
    'the content of the pictures, in a few English words: "a red apple on a blue background"; '
    f"at most {MAX_PROMPT_CHARACTERS:,} characters"
)
RESULT = (
    "the kept pictures, best first: image (a PNG file), caption, candidate, seed, score (their "
    "rank follows it), log_likelihood (of their codes, in nats)",
    "version, stage and fraction; when done also model, settings, seed, scores, notes",
    "a sheet of the kept pictures with the prompt; until it is done a preview of them",
)
ALTERATIONS = {
    "vary": "Draws variations of a picture, of this server's or any other, and returns the best.",
    "edit": "Draws the part of a picture that a mask covers anew; every other part stays.",
    "extend": "Draws the part beyond one side of a picture, half a square of the model at a time.",
    "tile": "Draws the middle of a picture anew, so that it repeats without a border.",
    "enlarge": "Returns a picture two or four times as large; nothing of it is drawn anew.",
}
OF_ALTERATIONS = {
    "picture": "the address of a picture of this server, or a data URI of a PNG, JPEG or WebP "
    "file; at most 4 MB and 4 megapixels",
    "prompt": "the wanted picture, in a few English words; left out: that of the picture, or none",
    "strength": "the share of the picture that is drawn anew, above 0 to 1",
    "mask": "a picture as `picture` is, of any size: white, or transparent, where to draw anew",
    "side": "where the picture grows: left, right, up or down",
    "times": "how many times as large: 2 or 4",
}
ASKED = {"prompt": PROMPT, "seed": KNOBS["seed"].help}


def explain_parameters(defaults: Mapping[str, Any]) -> dict[str, str]:
    """About each parameter of /generate."""

    def explain(knob: Knob) -> str:
        if not knob.model_default:
            return knob.help
        default = defaults.get(knob.name, knob.default)
        return f"{knob.help} ({knob.low} to {knob.high}; left out: the model's own, {default} here)"

    knobs = {name: explain(knob) for name, knob in KNOBS.items()}
    return {
        "prompt": PROMPT,
        **knobs,
        "keep": "how many of the best are returned; left out: 9",
        "only": "numbers of single candidates to generate again, such as [7]; left out: all",
        "model": "one of the models that /status lists; left out: the first of them",
        "precision": "the precision that /status lists, or left out",
    }


def describe_generate(defaults: Mapping[str, Any]) -> str:
    """About /generate."""
    return describe(
        "Generates pictures of a short English prompt, and returns the best of them. "
        "The model draws several candidates, which are ranked; the same prompt, settings and "
        "seed give the same pictures. Until it is done, frames tell the progress and hold a "
        "preview; the last frame is the answer.",
        explain_parameters(defaults),
        *RESULT,
    )


def describe_alteration(name: str, parameters: Sequence[str], defaults: Mapping[str, Any]) -> str:
    """About /vary, /edit, /extend, /tile or /enlarge."""
    told = explain_parameters(defaults) | OF_ALTERATIONS
    return describe(ALTERATIONS[name], {each: told[each] for each in parameters}, *RESULT)


def describe_picture() -> str:
    """About /picture."""
    return describe(
        "Generates a picture of a short English prompt: the best of several, as a PNG file "
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
        "Tells the model, the machine, and any model that is on its way. Tells the waiting "
        "requests, the seconds of one, the limits and defaults of the settings, and the models "
        "and precisions to choose from.",
        {},
        "version, ready, failure, model, machine (kind, and a sentence where an accelerator "
        "idles), coming, queue, limits, defaults, models, precisions",
    )


def describe(what: str, parameters: Mapping[str, str], *returns: str) -> str:
    """A docstring in the form that gradio reads."""
    lines = [what, "Parameters:", *(f"{name}: {text}" for name, text in parameters.items())]
    return "\n".join([*lines, "Returns:", *returns])
