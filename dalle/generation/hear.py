"""The prompt as the model reads it, where its folder has a table of stand-ins."""

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
    if avoided.strip():
        avoided = _hear(hearing, "The negative prompt", avoided).text
    return _hear(hearing, "The prompt", prompt), avoided


def _hear(hearing: Hearing, name: str, text: str) -> Heard:
    heard = hearing.hear(text)
    if not heard.text:
        raise SettingsError(
            f"{name} has no letter and no emoji; write a few words about what to draw."
        )
    return heard
