"""Concepts beside nudity that a published CLIP may find in a picture: a short, open list of
concepts.

Stable Diffusion's checker does the same with concepts that are not published (Rando et al. 2022,
arXiv:2210.04610). The threshold is uncalibrated, so that a match blurs and never hides.
"""

import functools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dalle.safety.pictures.checker import Verdict

FILE = Path(__file__).with_name("concepts.toml")
# The embedded model's CLIP knows things on coloured grounds: its opinion here would be noise.
PUBLISHED_VOCABULARY = 49_408


@dataclass(frozen=True)
class Concepts:
    """The list: each phrase, and the concept that it stands for."""

    version: int
    threshold: float
    phrases: tuple[str, ...]
    names: tuple[str, ...]


@functools.cache
def read_concepts() -> Concepts:
    """The list that comes with the program."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    pairs = [(name, phrase) for name, phrases in table["concepts"].items() for phrase in phrases]
    names, phrases = zip(*pairs, strict=True)
    return Concepts(table["version"], table["threshold"], phrases, names)


def add_concepts(verdict: Verdict, cosines: Sequence[float]) -> Verdict:
    """The verdict, blurred where a phrase fits; `cosines` in the order of the phrases.

    A cosine that is not a number counts as a match: the content of the picture is unknown.
    """
    concepts = read_concepts()
    matched = {
        name
        for name, cosine in zip(concepts.names, cosines, strict=True)
        if not cosine < concepts.threshold
    }
    if verdict.check != "show" or not matched:
        return verdict
    reason = f"Blurred: it may show {', '.join(sorted(matched))} (an uncalibrated check)."
    return replace(verdict, check="blur", reason=reason)
