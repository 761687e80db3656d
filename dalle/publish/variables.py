"""The variables of a Space: public, and copied with it."""

import dataclasses
from collections.abc import Sequence

from dalle.models.hub.registry import HUB_NAME, NAMES
from dalle.safety.settings import variable_of
from dalle.serving.settings import ServerSettings
from dalle.settings import DEFAULT_MODEL, SettingsError

SECRETS = {
    variable_of(field.name) for field in dataclasses.fields(ServerSettings) if not field.repr
}


def read_variables(model: str, given: Sequence[str]) -> dict[str, str]:
    """Names and values from a model and lines NAME=VALUE; SettingsError for the first bad one."""
    if model not in NAMES and not HUB_NAME.fullmatch(model):
        raise SettingsError(
            f"the model is {model[:200]!r}; on a Space it must be one of {', '.join(NAMES)}, or "
            "a repository of the Hub, owner/name."
        )
    variables = {} if model == DEFAULT_MODEL else {"NINEFOLD_MODEL": model}
    for line in given:
        name, equals, value = line.partition("=")
        if not equals:
            raise SettingsError(f"the variable is {line[:200]!r}; it must be NAME=VALUE.")
        if name in SECRETS:
            raise SettingsError(
                f"{name} is a secret, and everybody can read a Space's variables; set it among "
                "the secrets in the Space's settings."
            )
        variables[name] = value
    ServerSettings.from_environment(variables)
    return variables
