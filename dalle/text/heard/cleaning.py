"""Sets aside words without content: hidden characters, quotes, brackets, weights of other tools."""

import re
import unicodedata
from collections.abc import Mapping

import emoji

from dalle.text.normalize import EMOJI_SIGNS

_CURLY = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "`": "'", "´": "'", "–": "-", "—": ","})
_SKIN_TONES = re.compile("[\U0001f3fb-\U0001f3ff\ufe0e\ufe0f]")
_RULES = (
    (r"<[^<>]*>", " "),  # <lora:name:0.8>
    (r"https?://\S+", " "),
    (r"(?<!\S)--[a-z]+(?:\s+[\d:.]+)?(?!\S)", " "),  # --ar 16:9
    (r":{1,2}\s*-?\d+(?:\.\d+)?(?=\s*[)\]}]|\s|$)", " "),  # (red apple:1.3), cat::2
    (r"[()\[\]{}<>]", " "),
    (r"[\"“”„«»‹›*_~^#=\\]", " "),
    (r"(?<![^\W_])'|(?<!s)'(?![\w-])", " "),  # an apostrophe that is a quotation mark
    (
        r"\s*[!?;:|]+|\.{2,}|(?<!\bst)(?<!\bmt)(?<!\bmr)(?<!\bdr)(?<!\bmrs)\.(?=\s|$)|…|\s-+\s|\n|[、。，！？]",
        ",",
    ),
    (r"\s+", " "),
    (r"(?: ?, ?)+", ", "),
)
# A name comes between commas; not after "my", nor beside "and".
_AROUND_EMOJI = (
    (re.compile(r"\b(?:an?|the|my|your)\s*,\s*(?=(?:an?|the)\s)", re.IGNORECASE), ""),
    (re.compile(r"\b(and|with|on|in|of|riding|eating|wearing)\s*,", re.IGNORECASE), r"\1"),
    (re.compile(r",\s*(and|with|on|in|of|riding|eating|wearing)\b", re.IGNORECASE), r" \1"),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), by) for pattern, by in _RULES)


def clean(prompt: str, emoji_names: Mapping[str, str]) -> str:
    """A prompt as plain words with commas; empty where it has no letter.

    `emoji_names` are the model's own phrases; any other emoji goes by its Unicode name.
    """
    text = unicodedata.normalize("NFC", prompt)
    if not EMOJI_SIGNS.isdisjoint(text):
        text = emoji.replace_emoji(text, lambda sign, data: _name(sign, data, emoji_names))
        for pattern, replacement in _AROUND_EMOJI:
            text = pattern.sub(replacement, text)
    text = text.translate(_CURLY)
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    for pattern, replacement in _COMPILED:
        text = pattern.sub(replacement, text)
    text = text.strip(" ,.-'") if not text.endswith("s'") else text.strip(" ,.-")
    return text if any(map(str.isalpha, text)) else ""


def emoji_key(sign: str) -> str:
    """An emoji without its skin tone and without the sign for "as a picture"."""
    return _SKIN_TONES.sub("", sign)


def _name(sign: str, data: Mapping[str, str], names: Mapping[str, str]) -> str:
    name = names.get(emoji_key(sign)) or data["en"].strip(":").split(":")[0].replace("_", " ")
    return f", {name}, "
