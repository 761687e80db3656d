"""The states of an engine: its active model, a model on its way, a request's wait."""

from dataclasses import dataclass
from typing import Any

from dalle.generation.pipeline import Pipeline


@dataclass(frozen=True)
class ActiveModel:
    """The model that serves requests, with the facts that its first picture told."""

    pipeline: Pipeline
    name: str
    revision: str | None
    precision: str | None
    machine: str | None  # the kind of it
    size: tuple[int, int]  # width and height of its pictures
    defaults: dict[str, Any]  # its knobs where an order leaves them out
    idle_accelerator: str | None = None  # a sentence about a device that JAX leaves unused


@dataclass(frozen=True)
class ModelProgress:
    """A model on its way to take the place of the one that serves."""

    name: str
    stage: str  # "downloading", "loading", "serving", "installed" (may be chosen) or "failed"
    part: int = 0  # of its parts, which one is being downloaded, from 1
    parts: int = 0
    done: int = 0  # bytes of this part
    total: int = 0  # bytes of this part, of the files that are known by now
    failure: str | None = None  # a sentence


@dataclass(frozen=True)
class QueueStatus:
    """Not drawn yet: `ahead` requests come first, for about `seconds` (None: not known yet)."""

    ahead: int
    seconds: float | None
    loading: bool
