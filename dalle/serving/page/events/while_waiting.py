"""An example of the page to look at while a refused prompt waits for its next try."""

import re
from collections.abc import Sequence

from dalle.serving.page.examples import Example
from dalle.serving.page.frames import Run, Status
from dalle.serving.page.site import Site
from dalle.serving.page.words.known_words import SMALL_WORDS

KEY = "meanwhile"  # there is one of them at most


def meanwhile(status: Status, site: Site) -> list[Run]:
    """The run to show below a status line; empty where that refuses nothing."""
    text = status.get("retry", {}).get("text")
    if not text:
        return []
    prompt = text.splitlines()[0]
    return [_show_example(example) for example in nearest_example(prompt, site.examples)]


def nearest_example(prompt: str, examples: Sequence[Example]) -> list[Example]:
    """The first of those with most words of the prompt; empty where there are none at all."""
    asked = _telling_words(prompt)
    alike = [len(asked & _telling_words(example.prompt)) for example in examples]
    return [examples[alike.index(max(alike))]] if alike else []


def _show_example(example: Example) -> Run:
    """A run without a prompt; the browser renders it anew where its stamp is another one."""
    note = f"While you wait: an example, not drawn for you but for “{example.prompt}”."
    alt = "Pictures drawn by AI before"
    run: Run = {"key": KEY, "stamp": note, "state": KEY, "note": note}
    return run | {"sheet": example.small, "alt": alt, "gaps": True}


def _telling_words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower())) - SMALL_WORDS
