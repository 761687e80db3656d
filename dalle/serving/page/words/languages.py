"""The page in the language of the browser, by gradio's own tables; our scripts read them too.

Each sentence is its own key, in English. In a key "#" stands for a number of a sentence, "*" for
words of a prompt or a name. Their order is the same in all languages.
"""

import json
from functools import cache
from pathlib import Path

import gradio as gr

FOLDER = Path(__file__).with_name("languages")
ENGLISH = "en"

# Sentences of the server that the page shows; answers.py has more.
LINES = (
    "Ready when you are.",
    "Drawn by AI. Not a photo, not evidence.",
    "Pictures drawn by AI before",
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
    "Prompt # of #",
    "not drawn",
    "Drew all # prompts.",
    "Drew # of # prompts; the reasons are below.",
    "Too many people are waiting already.",
    "The server is being restarted.",
    "Your prompt is kept and tried again by itself",
    "Your prompt is kept and tried again by itself in about # seconds.",
    "* is being loaded; your pictures come right after.",
    "* is being loaded; until it is there, * draws.",
    "* is being downloaded; until it is there, * draws.",
    "* is being downloaded; it can be chosen once it is there.",
    "Drawing picture # of #",
    "There are # prompts, one a line; at most # are drawn in one go, so take some lines out.",
    "Drawing failed (*).",
    "Your prompt is kept; try it again.",
    # Of words that the model knows or not.
    "Not known to this model: *.",
    "Not known to this model: * and # more.",
    "The things stand side by side, since this model can't draw: *.",
    "Left out: *.",
    "Drawn: *.",
    "Sorted by “*”.",
    # Of restored settings, examples, and pictures made again.
    "The settings of this link are restored; press Generate to draw.",
    "The settings of this link are restored; the next pictures take a new seed.",
    "The settings of this picture are restored; press Generate to draw.",
    "The settings of this picture are restored; the next pictures take a new seed.",
    "The settings of this result are restored; the next pictures take a new seed.",
    "The settings of this history are restored; the next pictures take a new seed.",
    "Candidate # made again, alone: the same picture, pixel by pixel.",
    "Candidate # made again, alone: it came out different.",
    "An example, drawn by * with seed #.",
    "Picked by the owner of this page, drawn by * with seed #.",
    "Press Generate for your own nine.",
    "While you wait: an example, not drawn for you but for “*”.",
    "*, drawn by AI, number #",
    # Of refused prompts, as dalle.safety.prompts tells them.
    "This prompt seems to ask for sexual content with children, which is not drawn here.",
    "This prompt seems to ask for a real person in a sexual or violent picture, which is not "
    "drawn here.",
    "This prompt seems to ask for nudity or sex, which is not drawn here.",
    "This prompt seems to ask for hateful symbols or words, which is not drawn here.",
    "This prompt seems to ask for suicide or self-harm, which is not drawn here.",
    "This prompt seems to ask for graphic violence, which is not drawn here.",
    "This is never drawn; ask for something else.",
    "Leave the name or that part out, or show the person in another way.",
    "Describe people with their clothes on, and their actions.",
    "Leave the symbol or the slur out.",
    "Draw the feeling in another way.",
    "If this is about you: please talk to somebody you trust, or to a helpline of your country.",
    "Leave wounds, killing and dead bodies out.",
)


@cache
def read_tables() -> dict[str, dict[str, str]]:
    """The sentences of every language but English, by their keys."""
    paths = sorted(FOLDER.glob("*.json"))
    return {path.stem: _read(path) | _read(FOLDER / "answers" / path.name) for path in paths}


def _read(path: Path) -> dict[str, str]:
    return json.loads(path.read_text("utf-8"))


def all_tables() -> gr.I18n:
    """The `i18n` argument of launch(), English among its languages."""
    tables = read_tables()
    keys = dict.fromkeys(key for table in tables.values() for key in table)
    return gr.I18n(**{ENGLISH: {key: key for key in keys}}, **tables)


def say(sentence: str) -> str:
    """A label of gradio's that the browser puts into its language."""
    return gr.I18n()(sentence)
