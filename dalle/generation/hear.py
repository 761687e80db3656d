"""The prompt as the model reads it, where its folder has a table of stand-ins."""

from collections.abc import Sequence

from dalle.settings import GenerationSettings, SettingsError
from dalle.text.heard import Heard, Hearing


def hear_prompts(
    hearing: Hearing | None, prompt: str, settings: GenerationSettings
) -> tuple[Heard | None, str]:
    """The heard prompt, None where the model reads every word; and the heard negative prompt.

    SettingsError for a text without a letter or an emoji.
    """
    avoided = settings.negative_prompt
    if hearing is None or not settings.stand_ins:
        return None, avoided
    phrases: tuple[str, ...] = ()
    if avoided.strip():
        against = _hear(hearing, "The negative prompt", avoided)
        avoided, phrases = against.text, against.heard
    return _hear(hearing, "The prompt", prompt, phrases), avoided


def _hear(hearing: Hearing, name: str, text: str, avoided: Sequence[str] = ()) -> Heard:
    heard = hearing.hear(text, avoided)
    if not heard.text:
        raise SettingsError(
            f"{name} has no letter and no emoji; write a few words about what to draw."
        )
    return heard
