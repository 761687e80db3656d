"""Slots of several runs as the rows of one batch.

Every batch has these shapes, whoever shares it: one compilation serves all, and a candidate is
the same picture alone, among sixteen or beside strangers, to the last bit. With other shapes XLA
may sum in another order, which in bfloat16 is enough to draw other codes.
"""

from collections.abc import Sequence
from itertools import count

import jax.numpy as jnp
import numpy as np

from dalle.generation.run import SLOT_ROWS, Slot
from dalle.generation.sampling import Rows, make_each_row
from dalle.models.cell_config import CellTokenizerConfig
from dalle.models.config import BartConfig, VqganConfig
from dalle.models.hardware import free_memory
from dalle.models.memory import DRAWN_TOGETHER, drawn_at_once
from dalle.models.sharding import local_mesh
from dalle.settings import GenerationSettings

SLOTS = DRAWN_TOGETHER // SLOT_ROWS  # where memory suffices


def fitting_slots(
    bart: BartConfig, vqgan: VqganConfig | CellTokenizerConfig, dtype: jnp.dtype
) -> int:
    """How many slots are drawn at a time, on all devices together: SLOTS, or what memory allows."""
    devices, free = local_mesh().size, free_memory()
    fitting = drawn_at_once(bart, vqgan, dtype, None if free is None else free * devices)
    # All devices have the same share.
    slots = count(max(1, fitting // SLOT_ROWS))
    return next(number for number in slots if number * SLOT_ROWS % devices == 0)


def report_slots(slots: int) -> list[str]:
    """What a visitor is told where memory does not suffice for SLOTS."""
    if slots >= SLOTS:
        return []
    return [
        f"{DRAWN_TOGETHER} candidates at a time do not fit into the memory that is free here: "
        f"they are drawn {slots * SLOT_ROWS} at a time, which takes longer."
    ]


def stack(slots: Sequence[Slot], size: int) -> tuple[np.ndarray, np.ndarray, Rows]:
    """What `draw_codes` needs: memory [2 * size, S, D], mask [2 * size, S], size * SLOT_ROWS rows.

    Where there are fewer slots the last one is drawn again, and so is a slot's last candidate.
    """
    filled = [*slots, *[slots[-1]] * (size - len(slots))]
    # The prompts first, then what stands against each.
    memory = np.stack([slot.run.memory for slot in filled], axis=1)  # [2, size, S, D]
    mask = np.stack([slot.run.mask for slot in filled], axis=1)
    return (
        memory.reshape(-1, *memory.shape[2:]),
        mask.reshape(-1, mask.shape[2]),
        make_each_row([row for slot in filled for row in _rows_of(slot)]),
    )


def _rows_of(slot: Slot) -> list[tuple[GenerationSettings, int, int]]:
    settings = slot.run.settings
    candidates = slot.candidates + slot.candidates[-1:] * (SLOT_ROWS - len(slot.candidates))
    return [(settings, settings.seed, number) for number in candidates]
