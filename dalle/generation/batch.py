"""Slots of several runs as the rows of one batch.

Every batch has these shapes: one compilation serves all, and a candidate is
the same picture alone, among sixteen or beside strangers, to the last bit. With other shapes XLA
may sum in another order, which in bfloat16 is enough to draw other codes.
"""

from collections.abc import Sequence
from itertools import count

import jax.numpy as jnp
import numpy as np

from dalle.generation.run import SLOT_ROWS, Slot
from dalle.generation.sampling import SamplingParams, stack_params
from dalle.models.bart.config import BartConfig
from dalle.models.hardware import free_memory
from dalle.models.image_tokenizer import NO_CODE, ImageTokenizerConfig
from dalle.models.memory_estimate import SAMPLED_TOGETHER, sampled_at_once
from dalle.models.sharding import local_mesh
from dalle.settings import GenerationSettings

SLOTS = SAMPLED_TOGETHER // SLOT_ROWS  # where memory suffices


def fitting_slots(bart: BartConfig, tokenizer: ImageTokenizerConfig, dtype: jnp.dtype) -> int:
    """How many slots are drawn at a time, on all devices together: SLOTS, or what memory allows."""
    devices, free = local_mesh().size, free_memory()
    fitting = sampled_at_once(bart, tokenizer, dtype, None if free is None else free * devices)
    # All devices have the same share.
    slots = count(max(1, fitting // SLOT_ROWS))
    return next(number for number in slots if number * SLOT_ROWS % devices == 0)


def report_slots(slots: int) -> list[str]:
    """A note for the visitor where memory does not suffice for SLOTS."""
    if slots >= SLOTS:
        return []
    return [
        f"{SAMPLED_TOGETHER} candidates at a time do not fit into the memory that is free here: "
        f"they are drawn {slots * SLOT_ROWS} at a time, which takes longer."
    ]


def stack(slots: Sequence[Slot], size: int) -> tuple[np.ndarray, np.ndarray, SamplingParams]:
    """Memory [2 * size, S, D], mask [2 * size, S] and size * SLOT_ROWS rows for `generate_tokens`.

    `stack_kept` has the codes that are forced.

    Where there are fewer slots the last one is drawn again, and so is a slot's last candidate.
    """
    filled = [*slots, *[slots[-1]] * (size - len(slots))]
    # The prompts first, then the negative of each.
    memory = np.stack([slot.run.memory for slot in filled], axis=1)  # [2, size, S, D]
    mask = np.stack([slot.run.mask for slot in filled], axis=1)
    return (
        memory.reshape(-1, *memory.shape[2:]),
        mask.reshape(-1, mask.shape[2]),
        stack_params([row for slot in filled for row in _rows_of(slot)]),
    )


def stack_kept(slots: Sequence[Slot], size: int, length: int) -> np.ndarray:
    """The codes that are kept in the rows of `stack`, [size * SLOT_ROWS, length] int32."""
    kept = np.full((size, SLOT_ROWS, length), NO_CODE, np.int32)
    for rows, slot in zip(kept, [*slots, *[slots[-1]] * (size - len(slots))], strict=True):
        if slot.kept is not None:
            rows[:] = slot.kept[-1]
            rows[: len(slot.kept)] = slot.kept
    return kept.reshape(-1, length)


def _rows_of(slot: Slot) -> list[tuple[GenerationSettings, int, int]]:
    settings = slot.run.settings
    candidates = slot.candidates + slot.candidates[-1:] * (SLOT_ROWS - len(slot.candidates))
    return [(settings, settings.seed, number) for number in candidates]
