"""Slots of several runs as the rows of one batch.

Every batch has these shapes, whoever shares it: one compilation serves all, and a candidate is
the same picture alone, among sixteen or beside strangers, to the last bit. With other shapes XLA
may sum in another order, which in bfloat16 is enough to draw other codes.
"""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array

from dalle.generation.run import SLOT_ROWS, Slot
from dalle.generation.sampling import Rows, join_rows, make_rows
from dalle.models.memory import DRAWN_TOGETHER

SLOTS = DRAWN_TOGETHER // SLOT_ROWS  # where memory suffices


def stack(slots: Sequence[Slot], size: int) -> tuple[Array, np.ndarray, Rows]:
    """What `draw_codes` needs: memory [2 * size, S, D], mask [2 * size, S], size * SLOT_ROWS rows.

    Where there are fewer slots the last one is drawn again, and so is a slot's last candidate.
    """
    filled = [*slots, *[slots[-1]] * (size - len(slots))]
    # The prompts first, then what stands against each.
    memory = jnp.stack([slot.run.memory for slot in filled], axis=1)  # [2, size, S, D]
    mask = np.stack([slot.run.mask for slot in filled], axis=1)
    return (
        memory.reshape(-1, *memory.shape[2:]),
        mask.reshape(-1, mask.shape[2]),
        join_rows([_rows_of(slot) for slot in filled]),
    )


def _rows_of(slot: Slot) -> Rows:
    candidates = slot.candidates + slot.candidates[-1:] * (SLOT_ROWS - len(slot.candidates))
    return make_rows(slot.run.settings, slot.run.settings.seed, candidates)
