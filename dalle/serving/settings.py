"""How a server is set up: one variable for each setting, and one clear sentence for each fault."""

import logging
import os
import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from dalle.safety.settings import (
    ENVIRONMENT_PREFIX,
    SWITCH,
    SafetySettings,
    read_variables,
    require_choice,
    variable_of,
)
from dalle.settings import (
    DEFAULT_MODEL,
    PRECISIONS,
    SettingsError,
    check_precision,
    check_prompt_policy,
)

log = logging.getLogger(__name__)

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
    "require_accelerator": (0, 1),
    "members_share": (1, 90),
    "members_queue": (1, 1000),
    "members_max_wait": (1, 3600),
    "members_candidates": (64, 144),
}
SIGNED_IN = "signed-in"  # among the members: everybody who signed in
# Variables of earlier versions: a Space that still sets one starts all the same.
RETIRED = {"NINEFOLD_PRECISIONS"}
HOST = r"\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*"
ACCOUNT = r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"  # a name on the Hub
RATE = r"[1-9]\d{0,5}/(second|minute|hour)"


@dataclass(frozen=True)
class ServerSettings(SafetySettings):
    """How pictures are served: each from its variable NINEFOLD_..., the port from PORT.

    Those of safety are inherited.

    port        where to listen
    model       a registered name, a repository "owner/name[@revision]" on the Hub, or a folder
    precision   of the products, "bfloat16", "float16", "float32", "int8"; "auto": the fastest here
    models      that visitors may choose, with commas; empty: `model` and the embedded one
    name        the title of the page
    prompt_policy  refused prompts: "standard", "strict", or "off" (content with minors alone)
    colour      of buttons and links, one of COLOURS
    paper       of background, text and lines, one of PAPERS
    logo        a picture file (svg, png, jpg or webp) beside the title; empty: our own
    footer      a line of text at the end of the page
    queue_size    requests that may wait while a batch is drawn, up to 1000
    max_wait      seconds that a request may have to wait; it is refused where it would be more
    result_cache  size of the result cache, MB
    rate_limit    how often an address may ask, such as "120/minute"
    trusted_hops  proxies of our own in front of the server, 0 to 9; on Spaces 1 if not set

    hosts    names that the server goes by beside localhost, its own name and addresses, with
             commas: "pictures.example", "*.example", or "*" for any; on Spaces "*" if not set
    origins  other websites whose pages may call it from a browser, in the same form; empty: none;
             on Spaces "*" if not set (frames need nothing of it)
    openai_strict  "on": /v1 refuses unsupported parameters instead of ignoring them

    min_replicas  machines that draw at least, where RAY_ADDRESS names a cluster
    max_replicas  machines that draw at most, where it does
    replica_gpus  GPUs that each of them must have; 0: they draw on their cores

    require_accelerator  1: refuse to start where JAX runs on the CPU

    members             organisations and accounts on the Hub, with commas, or SIGNED_IN; empty:
                        nobody can sign in, and the other four do nothing
    members_share       per cent of the turns that they take before everybody else, 1 to 90
    members_queue       their requests that may wait, in places of their own, up to 1000
    members_max_wait    as max_wait, for them
    members_candidates  of one of their requests at most, 64 to 144
    picks  a folder of pictures that were downloaded here with their prompts: the owner's gallery
    """

    port: int = 7860
    model: str = DEFAULT_MODEL
    precision: str = PRECISIONS[0]
    models: tuple[str, ...] = ()
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
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    openai_strict: str = SWITCH[0]
    min_replicas: int = 1
    max_replicas: int = 10
    replica_gpus: int = 0
    require_accelerator: int = 0
    members: tuple[str, ...] = ()
    members_share: int = 25
    members_queue: int = 200
    members_max_wait: int = 300
    members_candidates: int = 144
    picks: str = ""

    @property
    def places(self) -> int:
        """Requests that may wait, those of members among them."""
        return self.queue_size + (self.members_queue if self.members else 0)

    @property
    def offered_models(self) -> list[str]:
        """The models that may be chosen, the one that draws by itself first."""
        return list(dict.fromkeys([self.model, *(self.models or [DEFAULT_MODEL])]))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """The settings that the variables choose; SettingsError for one that cannot be."""
        fields = {name: variable_of(name) for name in cls.__dataclass_fields__}
        ours = {name for name in environment if name.startswith(ENVIRONMENT_PREFIX)}
        for name in sorted(ours & RETIRED):
            log.warning("%s does nothing any more; remove the variable", name)
        unknown = sorted(ours - set(fields.values()) - RETIRED)
        if unknown:
            raise SettingsError(
                f"there is no setting named {unknown[0]}; "
                f"choose among {', '.join(fields.values())}."
            )
        given: dict[str, Any] = dict(read_variables(environment, fields))
        if environment.get("SPACE_ID"):  # behind the Hub's proxy
            given.setdefault("trusted_hops", "1")
            given.setdefault("hosts", "*")
            given.setdefault("origins", "*")
        for field, (low, high) in COUNTS.items():
            if field in given:
                given[field] = _counted(fields[field], given[field], low, high)
        if not re.fullmatch(RATE, given.get("rate_limit", cls.rate_limit)):
            raise SettingsError(
                f"{fields['rate_limit']} is {reprlib.repr(given['rate_limit'])}; it must be a "
                "number per second, minute or hour, such as 120/minute."
            )
        for field in ("models", "hosts", "origins", "members"):
            names = [name.strip() for name in given.pop(field, "").split(",")]
            given[field] = tuple(dict.fromkeys(name for name in names if name))
        for field in ("hosts", "origins"):
            given[field] = tuple(_named(fields[field], name) for name in given[field])
        for name in given["members"]:
            if not re.fullmatch(ACCOUNT, name):
                raise SettingsError(
                    f"{fields['members']} is {reprlib.repr(name)}; it must list names of "
                    f"organisations or accounts on the Hub, with commas, or be {SIGNED_IN}."
                )
        check_precision(given.get("precision", cls.precision))
        check_prompt_policy(given.get("prompt_policy", cls.prompt_policy))
        for field, choices in (("openai_strict", SWITCH), ("colour", COLOURS), ("paper", PAPERS)):
            require_choice(field, given.get(field, choices[0]), choices)
        _check_logo(fields["logo"], given.get("logo", ""))
        return cls(**given)


def _named(variable: str, name: str) -> str:
    """A name of a server, in lower case; SettingsError for an address or anything else."""
    if not re.fullmatch(HOST, name.lower()):
        raise SettingsError(
            f"{variable} is {reprlib.repr(name)}; it must list names such as pictures.example, "
            '*.example or *, with commas, and without "https://" or a port.'
        )
    return name.lower()


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
