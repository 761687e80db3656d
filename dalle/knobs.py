"""The description of a knob of generation: one line of GenerationSettings holds all of it.

The page's sliders, links, the API, the OpenAI form and the command line read these descriptions. So
a new knob is one line in settings.py and the code that uses its value.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from types import NoneType
from typing import Any, get_args


@dataclass(frozen=True)
class Knob:
    """A setting that a person may turn: its name, type, limits, and how it is explained."""

    name: str
    kind: type  # int, float, str or bool
    default: Any
    help: str  # a sentence without its full stop
    low: float | None = None  # lowest and highest value, both allowed
    high: float | None = None
    most: float | None = None  # highest outside of a page and for its members; None: `high`
    useful: tuple[float, float] | None = None  # the range of its slider; None: no slider
    step: float | None = None  # of its slider
    rare: bool = False  # its slider is there only where a link or a file brings an unusual value
    label: str = ""  # of its slider
    model_default: bool = False  # a model may have a default of its own
    hint: str = ""  # the end of the sentence about a wrong value

    @property
    def option(self) -> str:
        """Its name on the command line."""
        return "--" + self.name.replace("_", "-")

    def parse(self, text: str) -> Any:
        """The value in a link; ValueError where it is none."""
        if self.kind is not bool:
            return self.kind(text)
        words = {"true": True, "false": False, "1": True, "0": False}
        if text.lower() not in words:
            raise ValueError(text)
        return words[text.lower()]

    @property
    def limits(self) -> tuple[float, float]:
        return self.low, self.high


def knob(default: Any, text: str, **description: Any) -> Any:
    """A dataclass field that is a knob; `description` are fields of Knob."""
    return field(default=default, metadata={"help": text, **description})


def knobs_of(settings: type) -> Mapping[str, Knob]:
    """The knobs of a dataclass by their names, in order."""
    return {one.name: _describe(one) for one in fields(settings) if one.metadata}


def _describe(one: Field) -> Knob:
    kind = next(kind for kind in get_args(one.type) or (one.type,) if kind is not NoneType)
    return Knob(one.name, kind, one.default, **one.metadata)
