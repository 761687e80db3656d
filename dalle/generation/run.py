"""A run from prompt to pictures, in slots of four candidates."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np

from dalle.errors import FaultError
from dalle.generation.editing.change import Change
from dalle.models.memory_estimate import DECODED_TOGETHER
from dalle.safety.pictures.checker import Verdict
from dalle.settings import GenerationSettings
from dalle.text.heard import Heard

PREVIEW_SECONDS = 10.0  # once previews took a run so long, half a picture is no longer decoded
SLOT_ROWS = DECODED_TOGETHER  # candidates of one run that are drawn, then decoded, side by side


@dataclass(eq=False)
class Slot:
    """Up to SLOT_ROWS candidates of one run."""

    run: "Run"
    candidates: tuple[int, ...]
    kept: np.ndarray | None = None  # [n, T], see Change
    codes: np.ndarray | None = None  # [n, t] so far; -1 where the model gave no number
    log_probs: np.ndarray | None = None  # [n, t], of the codes, in nats
    pixels: np.ndarray | None = None  # [n, H, W, 3] uint8, once all codes are there
    checks: Sequence["Future[Verdict]"] = ()  # one for each candidate, with the pixels


@dataclass(eq=False)
class Run:
    """A prompt as the model has read it, and the slots that its candidates are drawn in."""

    prompt: str
    settings: GenerationSettings  # the seed is never None
    memory: np.ndarray  # [2, S, D], of the prompt and of its negative
    mask: np.ndarray  # [2, S]
    notes: list[str]
    heard: Heard | None = None  # where the model reads other words than the prompt's
    change: Change | None = None  # where it goes on with a picture
    seconds: dict[str, float] = field(default_factory=dict)  # by stage, those of batch mates too
    failure: FaultError | None = None  # why this run cannot be finished

    def __post_init__(self) -> None:
        numbers = self.settings.candidate_numbers
        kept = None if self.change is None else self.change.kept
        self.slots = [
            Slot(
                self,
                numbers[start : start + SLOT_ROWS],
                None if kept is None else kept[start : start + SLOT_ROWS],
            )
            for start in range(0, len(numbers), SLOT_ROWS)
        ]

    def fill(self, slot: Slot, sampled: np.ndarray) -> np.ndarray:
        """The codes of a slot's pictures from those that the model saw, [n, t]."""
        if self.change is None:
            return sampled
        start = SLOT_ROWS * self.slots.index(slot)
        return self.change.fill(sampled, slice(start, start + SLOT_ROWS))

    @property
    def words(self) -> str:
        """The text that the model reads."""
        return self.heard.text if self.heard else self.prompt

    @property
    def pending(self) -> list[Slot]:
        """Slots without pictures, in the order of the candidates."""
        return [slot for slot in self.slots if slot.pixels is None]

    @property
    def may_preview(self) -> bool:
        """Whether a preview costs little: nothing is half drawn, or decoding that is fast.

        On two cores a VQGAN takes seconds for a picture, and previews after each chunk would take
        longer than all the drawing.
        """
        half_done = any(slot.codes is not None and slot.pixels is None for slot in self.slots)
        return not half_done or self.seconds.get("previews", 0.0) < PREVIEW_SECONDS

    def took(self, stage: str, seconds: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds


def slots_of(candidates: int) -> int:
    """The number of slots for a number of candidates."""
    return -(-candidates // SLOT_ROWS)
