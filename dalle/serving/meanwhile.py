"""What there is to look at while a refused prompt waits for its next try.

The nearest result that is kept, if it may be shown to somebody else; otherwise the page's own
nearest example. Prompts are private, so what others wrote is never shown, and their pictures only
to whoever wrote the same words or more, all of them from the model's own list of common words and
none a number. It lists things, colours and places, no surname and no address, so who probes with
long prompts learns at most that somebody drew, say, a red apple. Without a list there are examples.
"""

import re
from collections.abc import Sequence
from typing import Any

from dalle.serving.cache import Cached
from dalle.serving.examples import Example
from dalle.serving.site import Site
from dalle.serving.tiles import data_uri
from dalle.serving.words import SMALL_WORDS

KEY = "meanwhile"  # there is one of them at most


def meanwhile(status: dict[str, Any], site: Site) -> list[dict[str, Any]]:
    """The run to show below a status line; empty where that refuses nothing.

    Made from the first of the prompts that the browser is to try again.
    """
    text = status.get("retry", {}).get("text")
    if not text:
        return []
    prompt = text.splitlines()[0]
    kept = site.engine.cache.nearest(prompt, site.words.cover)
    if kept:
        return [_show_kept(kept)]
    return [_show_example(example) for example in nearest_example(prompt, site.examples)]


def nearest_example(prompt: str, examples: Sequence[Example]) -> list[Example]:
    """The first of those with most words of the prompt; empty where there are none at all."""
    asked = _telling_words(prompt)
    alike = [len(asked & _telling_words(example.prompt)) for example in examples]
    return [examples[alike.index(max(alike))]] if alike else []


def _show_kept(kept: Cached) -> dict[str, Any]:
    made = f"{kept.made:%Y-%m-%d %H:%M} UTC"
    who = kept.result.recipe["model"]
    note = f"While you wait: drawn for a similar prompt, not for yours, on {made} by {who}."
    return _show(f"{kept.made}", note, data_uri(kept.nameless_png, "image/png"))


def _show_example(example: Example) -> dict[str, Any]:
    note = f"While you wait: an example, not drawn for you but for “{example.prompt}”."
    return _show(note, note, example.thumbnail)


def _show(stamp: str, note: str, uri: str) -> dict[str, Any]:
    """A run without a prompt; the browser draws it anew where its stamp is another one."""
    alt = "Pictures drawn by AI before"
    return {"key": KEY, "stamp": stamp, "state": KEY, "note": note, "sheet": uri, "alt": alt}


def _telling_words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower())) - SMALL_WORDS
