"""What a person may choose: defaults, limits, and one clear sentence for each fault."""

import dataclasses
import math
import numbers
import os
import re
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from dalle.errors import DalleError

DEFAULT_MODEL = "nano"
ENVIRONMENT_PREFIX = "NINEFOLD_"
PRECISIONS = ("auto", "bfloat16", "float32", "int8")
PROMPT_POLICIES = ("off", "standard", "strict")  # from the mildest
PICTURE_POLICIES = ("standard", "off")
SWITCH = ("off", "on")
# Hues of gradio's palette; with every one of them the page's words keep a contrast of 4.5.
COLOURS = (
    "indigo", "blue", "sky", "cyan", "teal", "emerald", "green", "lime", "yellow", "amber",
    "orange", "red", "rose", "pink", "fuchsia", "purple", "violet",
)  # fmt: skip
PAPERS = ("stone", "slate", "gray", "zinc", "neutral")
LOGO_ENDINGS = (".svg", ".png", ".jpg", ".webp")

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
# Whole numbers among the server's settings, lowest and highest.
COUNTS = {
    "port": (1, 65_535),
    "queue_size": (1, 1000),
    "max_wait": (1, 3600),
    "result_cache": (0, 100_000),
    "trusted_hops": (0, 9),
}
RATE = r"[1-9]\d{0,5}/(second|minute|hour)"


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


@dataclass(frozen=True)
class ServerSettings:
    """How pictures are served: each from its variable NINEFOLD_..., the port from PORT.

    port        where to listen
    model       a registered name, a repository "owner/name[@revision]" on the Hub, or a folder
    precision   of the products, "bfloat16", "float32", "int8"; "auto": the faster of the first two
    models      that visitors may choose, with commas; empty: `model` and the embedded one
    precisions  that visitors may choose, with commas; empty: `precision` alone
    name        the title of the page
    prompt_policy  what is not drawn: "standard", "strict", or "off" (all but content with minors)
    colour      of buttons and links, one of COLOURS
    paper       of background, text and lines, one of PAPERS
    logo        a picture file (svg, png, jpg or webp) beside the title; empty: our own
    footer      a line of text at the end of the page
    queue_size    requests that may wait while a batch is drawn, up to 1000
    max_wait      seconds that a request may have to wait; it is refused where it would be more
    result_cache  megabytes of results that are kept for who asks for the same again
    rate_limit    how often an address may ask, such as "120/minute"
    trusted_hops  proxies of our own in front of the server, 0 to 9; on Spaces 1 if not set

    picture_policy       whether pictures are checked before they are shown, "standard" or "off"
    mark_key             of the invisible mark; a key of your own, kept secret, is harder to forge
    corner_label         whether every file says "AI" in a corner, "off" or "on"
    signing_key          PEM text of a P-256 key: files are signed (C2PA); empty: they are not
    signing_certificate  PEM text of the key's certificate chain
    reports_folder       where reports of visitors are kept for 90 days; empty: none are taken
    reports_repository   a private data set "owner/name" on the Hub that they are pushed to
    reports_token        a token that may write to that data set
    """

    port: int = 7860
    model: str = DEFAULT_MODEL
    precision: str = PRECISIONS[0]
    models: tuple[str, ...] = ()
    precisions: tuple[str, ...] = ()
    name: str = "Ninefold"
    prompt_policy: str = "standard"
    colour: str = COLOURS[0]
    paper: str = PAPERS[0]
    logo: str = ""
    footer: str = ""
    queue_size: int = 200
    max_wait: int = 120
    result_cache: int = 128
    rate_limit: str = "120/minute"
    trusted_hops: int = 0
    picture_policy: str = PICTURE_POLICIES[0]
    mark_key: str = dataclasses.field(default="ninefold", repr=False)
    corner_label: str = SWITCH[0]
    signing_key: str = dataclasses.field(default="", repr=False)
    signing_certificate: str = ""
    reports_folder: str = ""
    reports_repository: str = ""
    reports_token: str = dataclasses.field(default="", repr=False)

    @property
    def offered_models(self) -> list[str]:
        """The models that may be chosen, the one that draws by itself first."""
        return list(dict.fromkeys([self.model, *(self.models or [DEFAULT_MODEL])]))

    @property
    def offered_precisions(self) -> list[str]:
        """The precisions that may be chosen, the one that is taken by itself first."""
        return list(dict.fromkeys([self.precision, *self.precisions]))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """The settings that the variables choose; SettingsError for one that cannot be."""
        fields = {name: variable_of(name) for name in cls.__dataclass_fields__}
        ours = {name for name in environment if name.startswith(ENVIRONMENT_PREFIX)}
        unknown = sorted(ours - set(fields.values()))
        if unknown:
            raise SettingsError(
                f"there is no setting named {unknown[0]}; "
                f"choose among {', '.join(fields.values())}."
            )
        given: dict[str, Any] = {
            field: environment[variable].strip()
            for field, variable in fields.items()
            if environment.get(variable, "").strip()
        }
        if environment.get("SPACE_ID"):  # behind the Hub's proxy
            given.setdefault("trusted_hops", "1")
        for field, (low, high) in COUNTS.items():
            if field in given:
                given[field] = _counted(fields[field], given[field], low, high)
        if not re.fullmatch(RATE, given.get("rate_limit", cls.rate_limit)):
            raise SettingsError(
                f"{fields['rate_limit']} is {reprlib.repr(given['rate_limit'])}; it must be a "
                "number per second, minute or hour, such as 120/minute."
            )
        for field in ("models", "precisions"):
            names = [name.strip() for name in given.pop(field, "").split(",")]
            given[field] = tuple(dict.fromkeys(name for name in names if name))
        for precision in (given.get("precision", cls.precision), *given["precisions"]):
            check_precision(precision)
        check_prompt_policy(given.get("prompt_policy", cls.prompt_policy))
        for field, choices in (("picture_policy", PICTURE_POLICIES), ("corner_label", SWITCH)):
            if given.get(field, choices[0]) not in choices:
                raise SettingsError(
                    f"{fields[field]} is {reprlib.repr(given[field])}; "
                    f"it must be {' or '.join(choices)}."
                )
        for field, choices in (("colour", COLOURS), ("paper", PAPERS)):
            if given.get(field, choices[0]) not in choices:
                raise SettingsError(
                    f"{fields[field]} is {reprlib.repr(given[field])}; "
                    f"it must be one of {', '.join(choices)}."
                )
        _check_logo(fields["logo"], given.get("logo", ""))
        return cls(**given)


def variable_of(setting: str) -> str:
    """The environment variable of a server's setting."""
    return "PORT" if setting == "port" else f"{ENVIRONMENT_PREFIX}{setting.upper()}"


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


def _check_logo(name: str, path: str) -> None:
    if path and not (path.lower().endswith(LOGO_ENDINGS) and os.path.isfile(path)):
        raise SettingsError(
            f"{name} is {reprlib.repr(path)}; it must be a file that is there and ends with "
            f"{', '.join(LOGO_ENDINGS)}."
        )


def _counted(name: str, text: str, low: int, high: int) -> int:
    """A whole number out of an environment variable."""
    if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
        raise SettingsError(
            f"{name} is {reprlib.repr(text)}; it must be a whole number from {low} to {high}."
        )
    return int(text)


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
