"""How a server is set up: one variable for each setting, and one clear sentence for each fault."""

import dataclasses
import os
import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from dalle.settings import (
    DEFAULT_MODEL,
    PRECISIONS,
    SettingsError,
    check_precision,
    check_prompt_policy,
)

ENVIRONMENT_PREFIX = "NINEFOLD_"
PICTURE_POLICIES = ("standard", "off")
SWITCH = ("off", "on")
# Hues of gradio's palette; with every one of them the page's words keep a contrast of 4.5.
COLOURS = (
    "indigo", "blue", "sky", "cyan", "teal", "emerald", "green", "lime", "yellow", "amber",
    "orange", "red", "rose", "pink", "fuchsia", "purple", "violet",
)  # fmt: skip
PAPERS = ("stone", "slate", "gray", "zinc", "neutral")
LOGO_ENDINGS = (".svg", ".png", ".jpg", ".webp")
# Whole numbers among the server's settings, lowest and highest.
COUNTS = {
    "port": (1, 65_535),
    "queue_size": (1, 1000),
    "max_wait": (1, 3600),
    "result_cache": (0, 100_000),
    "trusted_hops": (0, 9),
    "min_replicas": (1, 1000),
    "max_replicas": (1, 1000),
    "replica_gpus": (0, 64),
}
RATE = r"[1-9]\d{0,5}/(second|minute|hour)"


@dataclass(frozen=True)
class ServerSettings:
    """How pictures are served: each from its variable NINEFOLD_..., the port from PORT.

    port        where to listen
    model       a registered name, a repository "owner/name[@revision]" on the Hub, or a folder
    precision   of the products, "bfloat16", "float32", "int8"; "auto": the fastest on this machine
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

    min_replicas  machines that draw at least, where RAY_ADDRESS names a cluster
    max_replicas  machines that draw at most, where it does
    replica_gpus  GPUs that each of them must have; 0: they draw on their cores

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
    min_replicas: int = 1
    max_replicas: int = 10
    replica_gpus: int = 0
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
