"""The page in the language of the browser, by gradio's own tables; our scripts read them too.

Each sentence is its own key, in English. A number in a sentence of the server is a "#" in its key.
"""

import json
from functools import cache
from pathlib import Path

import gradio as gr

FOLDER = Path(__file__).with_name("languages")
ENGLISH = "en"

# Sentences of the status line while the server generates.
LINES = (
    "Ready when you are.",
    "Starting …",
    "Drawing",
    "Drawing: #%",
    "Ranking: #%",
    "Done in # s.",
    "Number # in the queue",
    "Stopped. Your prompt is kept.",
    "The model is loading; your pictures come right after.",
    "The best # of #.",
    # Of going on with a picture.
    "Choose below how to go on with your picture.",
    "Reading your picture …",
    "More like this one",
    "Edited from this one",
    "Extended from this one",
    "A tile of this one",
    "Enlarged from this one",
    "Made of this one",
    "The prompt is empty; write a few words about what to draw.",
    "The connection to the server was lost. Your prompt is kept; press Generate to try again.",
    "Still too many people are waiting. Your prompt is kept; press Generate to try again later.",
)


@cache
def read_tables() -> dict[str, dict[str, str]]:
    """The sentences of every language but English, by their keys."""
    paths = sorted(FOLDER.glob("*.json"))
    return {path.stem: json.loads(path.read_text("utf-8")) for path in paths}


def all_tables() -> gr.I18n:
    """The `i18n` argument of launch(), English among its languages."""
    tables = read_tables()
    keys = dict.fromkeys(key for table in tables.values() for key in table)
    return gr.I18n(**{ENGLISH: {key: key for key in keys}}, **tables)


def say(sentence: str) -> str:
    """A label of gradio's that the browser puts into its language."""
    return gr.I18n()(sentence)
