"""What a person may choose: defaults, limits, and one clear sentence for each fault."""

import math
import numbers
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from dalle.errors import DalleError

DEFAULT_MODEL = "nano"
PRECISIONS = ("auto", "bfloat16", "float32", "int8")
PROMPT_POLICIES = ("off", "standard", "strict")  # from the mildest
# Lowest and highest value of each knob, both allowed.
LIMITS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**32 - 1),
    "candidates": (9, 64),
    "condition_scale": (0, 100),
    "temperature": (0, 10),
    "top_k": (0, 256),
    "top_p": (0.01, 1),
}
DEFAULT_KEEP = 9
MAX_PROMPT_CHARACTERS = 20_000


class SettingsError(DalleError, ValueError):
    """A setting or a prompt that cannot be drawn; the message is one sentence."""


@dataclass(frozen=True)
class GenerationSettings:
    """How a prompt is drawn; SettingsError names the first setting that is out of its limits.

    seed             decides the pictures, 0 to 2**32 - 1; None takes a random one
    candidates       pictures drawn and ranked, 9 to 64
    keep             the best so many are returned; None means nine, or all when fewer are drawn
    negative_prompt  what to stay away from; takes the place of the empty prompt
    condition_scale  how far to follow the prompt, 0 to 100; 1 is the model's own odds
    temperature      0 always takes the likeliest code, 1 the model's own odds, up to 10
    top_k            draw among the so many likeliest codes, up to 256; 0 draws among all
    top_p            draw among the likeliest codes that together have this probability
    only             numbers of the candidates to draw, all others being left out
    """

    seed: int | None = None
    candidates: int = 16
    keep: int | None = None
    negative_prompt: str = ""
    condition_scale: float = 10.0  # as in the original
    temperature: float = 1.0
    top_k: int = 256  # the original draws among all, which is slower
    top_p: float = 1.0
    only: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        checked: dict[str, Any] = {
            "seed": self.seed if self.seed is None else _whole("seed", self.seed),
            "candidates": _whole("candidates", self.candidates),
            "negative_prompt": check_text("negative_prompt", self.negative_prompt),
            "condition_scale": _real("condition_scale", self.condition_scale),
            "temperature": _real("temperature", self.temperature),
            "top_k": _whole("top_k", self.top_k),
            "top_p": _real("top_p", self.top_p),
            "only": self.only if self.only is None else _candidate_numbers(self.only),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "keep", _check_keep(self.keep, len(self.drawn)))

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
    def drawn(self) -> tuple[int, ...]:
        """The numbers of the candidates to draw, in order."""
        return tuple(range(self.candidates)) if self.only is None else self.only

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON can hold them."""
        return asdict(self) | {"only": None if self.only is None else list(self.only)}


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
    """The text as given; SettingsError for what no tokeniser can read."""
    if not isinstance(text, str):
        raise SettingsError(f"{name} is {reprlib.repr(text)}; it must be text.")
    if len(text) > MAX_PROMPT_CHARACTERS:
        raise SettingsError(
            f"{name} has {len(text)} characters; at most {MAX_PROMPT_CHARACTERS} are read, "
            "so shorten it to what the picture should show."
        )
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise SettingsError(
            f"{name} holds half a character (a lone surrogate); type or paste it again."
        )
    return text


def _whole(name: str, value: Any) -> int:
    low, high = LIMITS[name]
    if not (_is_number(value) and value == int(value) and low <= value <= high):
        hint = " (use `only` to draw single ones)" if name == "candidates" else ""
        raise SettingsError(
            f"{name} is {reprlib.repr(value)}; "
            f"it must be a whole number from {low} to {high}{hint}."
        )
    return int(value)


def _real(name: str, value: Any) -> float:
    low, high = LIMITS[name]
    if not (_is_number(value) and low <= value <= high):
        hint = " (the original uses 10)" if name == "condition_scale" else ""
        raise SettingsError(
            f"{name} is {reprlib.repr(value)}; it must be a number from {low} to {high}{hint}."
        )
    return float(value)


def _is_number(value: Any) -> bool:
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and math.isfinite(value)


def _candidate_numbers(only: Any) -> tuple[int, ...]:
    last = LIMITS["candidates"][1] - 1
    given = tuple(only) if isinstance(only, Iterable) and not isinstance(only, str) else ()
    possible = all(_is_number(n) and n == int(n) and 0 <= n <= last for n in given)
    if not given or not possible or len(set(given)) < len(given):
        raise SettingsError(
            f"only is {reprlib.repr(only)}; it must list candidate numbers from 0 to {last}, "
            "each once and at least one."
        )
    return tuple(int(n) for n in given)


def _check_keep(keep: Any, drawn: int) -> int:
    if keep is None:
        return min(DEFAULT_KEEP, drawn)
    if not (_is_number(keep) and keep == int(keep) and 1 <= keep <= drawn):
        raise SettingsError(
            f"keep is {reprlib.repr(keep)}; it must be a whole number from 1 to the number of "
            f"candidates drawn, which is {drawn}."
        )
    return int(keep)
