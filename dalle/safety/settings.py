"""How pictures are checked, marked and reported: the owner chooses by variables."""

import dataclasses
import os
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dalle.settings import SettingsError

ENVIRONMENT_PREFIX = "NINEFOLD_"
PICTURE_POLICIES = ("standard", "off")
SWITCH = ("off", "on")


@dataclass(frozen=True)
class SafetySettings:
    """The settings that the safety room needs; SettingsError for a value that is no choice.

    picture_policy       whether pictures are checked before they are shown, "standard" or "off"
    mark_key             of the invisible mark; a key of your own, kept secret, is harder to forge
    corner_label         whether every file says "AI" in a corner, "off" or "on"
    signing_key          PEM text of a P-256 key: files are signed (C2PA); empty: they are not
    signing_certificate  PEM text of the key's certificate chain
    reports_folder       where reports of visitors are kept for 90 days; empty: none are taken
    reports_repository   a private data set "owner/name" on the Hub that they are pushed to
    reports_token        a token that may write to that data set
    """

    picture_policy: str = PICTURE_POLICIES[0]
    mark_key: str = dataclasses.field(default="ninefold", repr=False)
    corner_label: str = SWITCH[0]
    signing_key: str = dataclasses.field(default="", repr=False)
    signing_certificate: str = ""
    reports_folder: str = ""
    reports_repository: str = ""
    reports_token: str = dataclasses.field(default="", repr=False)

    def __post_init__(self) -> None:
        require_choice("picture_policy", self.picture_policy, PICTURE_POLICIES)
        require_choice("corner_label", self.corner_label, SWITCH)


def process_settings() -> SafetySettings:
    """The settings that the variables of this process choose, for callers who pass none."""
    names = SafetySettings.__dataclass_fields__
    return SafetySettings(**read_variables(os.environ, names))


def variable_of(setting: str) -> str:
    """The environment variable of a setting."""
    return "PORT" if setting == "port" else f"{ENVIRONMENT_PREFIX}{setting.upper()}"


def read_variables(environment: Mapping[str, str], settings: Iterable[str]) -> dict[str, str]:
    """The values of the settings whose variables are set and not blank."""
    values = {name: environment.get(variable_of(name), "").strip() for name in settings}
    return {name: value for name, value in values.items() if value}


def require_choice(setting: str, value: str, choices: tuple[str, ...]) -> None:
    """SettingsError where the value is none of the choices."""
    if value not in choices:
        either = " or ".join(choices) if len(choices) == 2 else f"one of {', '.join(choices)}"
        raise SettingsError(
            f"{variable_of(setting)} is {reprlib.repr(value)}; it must be {either}."
        )
