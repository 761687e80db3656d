"""The one table of knobs, and one clear sentence for each wrong value."""

import math
import numbers
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from dalle.errors import DalleError
from dalle.knobs import Knob, knob, knobs_of

DEFAULT_MODEL = "nano"
PRECISIONS = ("auto", "bfloat16", "float16", "float32", "int8")
PROMPT_POLICIES = ("off", "standard", "strict")  # from the mildest
DEFAULT_KEEP = 9
MAX_PROMPT_CHARACTERS = 2_000  # no model reads more than its first 64 tokens


class SettingsError(DalleError, ValueError):
    """A setting or a prompt that cannot be drawn; the message is one sentence."""


@dataclass(frozen=True)
class GenerationSettings:
    """How pictures of a prompt are generated; SettingsError names the first impossible value.

    Each line with `knob` is all that the page, links, the API and the command line know about it.
    """

    seed: int | None = knob(
        None,
        "the same number gives the same pictures; left out: a random one",
        low=0,
        high=2**32 - 1,
    )
    candidates: int = knob(
        16,
        "how many pictures are generated and ranked; the best nine are shown",
        low=9,
        high=64,
        most=144,
        useful=(9, 64),
        step=1,
        label="Candidates",
        hint="use `only` for single ones",
        model_default=True,
    )
    condition_scale: float = knob(
        10.0,
        "how strongly to follow the prompt; 1 turns guidance off",
        low=0,
        high=100,
        useful=(1, 20),
        step=0.5,
        label="Guidance",
        hint="the original uses 10",
        model_default=True,
    )
    temperature: float = knob(
        1.0,
        "how varied the pictures are; 0 always takes the most likely code",
        low=0,
        high=10,
        useful=(0, 2),
        step=0.05,
        label="Temperature",
        model_default=True,
    )
    top_k: int = knob(
        256,  # the original samples from all, which is slower
        "sample from the k most likely codes; 0 means all",
        low=0,
        high=256,
        useful=(0, 256),
        step=1,
        label="Top k",
        rare=True,
        model_default=True,
    )
    top_p: float = knob(
        1.0,
        "sample from the smallest set of codes with this total probability",
        low=0.01,
        high=1,
        useful=(0.01, 1),
        step=0.01,
        label="Top p",
        rare=True,
        model_default=True,
    )
    negative_prompt: str = knob("", "what to stay away from", label="Negative prompt")
    stand_ins: bool = knob(
        True, "whether a small model draws the nearest thing that it knows for an unknown word"
    )
    keep: int | None = None  # how many of the best are returned; None: nine, or all when fewer
    only: tuple[int, ...] | None = None  # numbers of the only candidates to generate

    def __post_init__(self) -> None:
        checked = {name: check_knob(name, getattr(self, name)) for name in KNOBS}
        checked["only"] = self.only if self.only is None else _candidate_numbers(self.only)
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "keep", _check_keep(self.keep, len(self.candidate_numbers)))

    @classmethod
    def of(cls, defaults: Mapping[str, Any], knobs: Mapping[str, Any]) -> Self:
        """A model's defaults, overruled by the knobs that are not None."""
        unknown = sorted(set(knobs) - set(cls.__dataclass_fields__))
        if unknown:
            raise SettingsError(
                f"there is no setting named {unknown[0]!r}; "
                f"choose among {', '.join(cls.__dataclass_fields__)}."
            )
        given = {name: value for name, value in knobs.items() if value is not None}
        return cls(**{**defaults, **given})

    @property
    def candidate_numbers(self) -> tuple[int, ...]:
        """The numbers of the candidates to draw, in order."""
        return tuple(range(self.candidates)) if self.only is None else self.only

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON can hold them."""
        return asdict(self) | {"only": None if self.only is None else list(self.only)}


KNOBS = knobs_of(GenerationSettings)
LIMITS = {name: knob.limits for name, knob in KNOBS.items() if knob.low is not None}


def default_knobs() -> list[str]:
    """The names of the knobs for which a model may have defaults of its own."""
    return [name for name, knob in KNOBS.items() if knob.model_default]


def check_knob(name: str, value: Any) -> Any:
    """The value of a knob in its own type; SettingsError for an impossible one."""
    knob = KNOBS[name]
    if value is None and knob.default is None:
        return None
    if knob.kind is str:
        return check_text(name, value)
    if knob.kind is bool:
        if not isinstance(value, bool):
            raise SettingsError(f"{name} is {reprlib.repr(value)}; it must be true or false.")
        return value
    whole = knob.kind is int
    # The engine of a page says which visitors may go beyond `high`.
    inside = _is_number(value) and knob.low <= value <= (knob.most or knob.high)
    if not inside or (whole and value != int(value)):
        more = f", or {knob.most} outside of a page and for its members" if knob.most else ""
        raise _out_of_range(knob, value, f"{knob.high}{more}")
    return knob.kind(value)


def check_candidates(count: int, most: int) -> None:
    """SettingsError where a request has more candidates than its visitor may ask for."""
    if count > most:
        raise _out_of_range(KNOBS["candidates"], count, f"{most}")


def check_prompt(prompt: Any) -> str:
    """The prompt as given; SettingsError when there is nothing in it to draw."""
    if check_text("prompt", prompt).strip() == "":
        raise SettingsError("The prompt is empty; write a few words about what to draw.")
    return prompt


def check_precision(precision: Any) -> str:
    """The precision as given; SettingsError for an unknown one."""
    if precision not in PRECISIONS:
        raise SettingsError(
            f"precision is {reprlib.repr(precision)}; it must be one of {', '.join(PRECISIONS)}."
        )
    return precision


def check_prompt_policy(policy: Any) -> str:
    """The policy of the prompt filter as given; SettingsError for an unknown one."""
    if policy not in PROMPT_POLICIES:
        raise SettingsError(
            f"prompt_policy is {reprlib.repr(policy)}; it must be {' or '.join(PROMPT_POLICIES)}."
        )
    return policy


def check_text(name: str, text: Any) -> str:
    """The text as given; SettingsError for text that no tokenizer can read."""
    if not isinstance(text, str):
        raise SettingsError(f"{name} is {reprlib.repr(text)}; it must be text.")
    if len(text) > MAX_PROMPT_CHARACTERS:
        raise SettingsError(
            f"{name} has {len(text)} characters; at most {MAX_PROMPT_CHARACTERS} are read, "
            "so shorten it to the content of the picture."
        )
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise SettingsError(
            f"{name} holds half a character (a lone surrogate); type or paste it again."
        )
    return text


def _out_of_range(knob: Knob, value: Any, high: str) -> SettingsError:
    hint = f" ({knob.hint})" if knob.hint else ""
    whole = "whole " if knob.kind is int else ""
    return SettingsError(
        f"{knob.name} is {reprlib.repr(value)}; it must be a {whole}number "
        f"from {knob.low} to {high}{hint}."
    )


def _is_number(value: Any) -> bool:
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and -math.inf < value < math.inf  # isfinite fails for an int of 400 digits


def _candidate_numbers(only: Any) -> tuple[int, ...]:
    given = tuple(only) if isinstance(only, Iterable) and not isinstance(only, str) else ()
    most = KNOBS["candidates"].most  # anybody may make one of a member's pictures again
    possible = all(_is_number(n) and n == int(n) and 0 <= n < most for n in given)
    if not given or not possible or len(set(given)) < len(given):
        raise SettingsError(
            f"only is {reprlib.repr(only)}; it must list candidate numbers from 0 to {most - 1}, "
            "each once and at least one."
        )
    return tuple(int(n) for n in given)


def _check_keep(keep: Any, candidates: int) -> int:
    if keep is None:
        return min(DEFAULT_KEEP, candidates)
    if not (_is_number(keep) and keep == int(keep) and 1 <= keep <= candidates):
        raise SettingsError(
            f"keep is {reprlib.repr(keep)}; it must be a whole number from 1 to the number of "
            f"candidates drawn, which is {candidates}."
        )
    return int(keep)
