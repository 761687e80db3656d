"""What a BART in training makes of a few prompts: the likeliest picture of each, on one sheet."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from PIL import Image

from dalle.models.bart import Bart
from dalle.models.cells import CellTokenizer
from dalle.models.config import BartConfig
from dalle.models.decoding import greedy_codes

PROMPTS = (
    "a red apple on a blue background",
    "a penguin on a white background",
    "a green background with a cat",
    "a pizza on a purple background",
    "a car on a yellow background",
    "a cartoon of a tree on a pink background",
    "a 3d render of a robot, black background",
    "two bananas on a teal background",
    "a blue car",
    "a dog next to a cat",
    "a strawberry on an orange background",
    "an airplane on a light blue background",
    "a castle on a red background",
    "an owl on a brown background",
    "a guitar on a grey background",
    "a sunflower on a navy background",
)
CONDITION_SCALE = 3.0
COLUMNS = 8


def draw_prompts(
    config: BartConfig, tokeniser: CellTokenizer, tokenise: Callable
) -> Callable[[Path, dict[str, Any]], None]:
    """A function that draws the sheet from parameters to a path."""
    tokens, empty = tokenise(list(PROMPTS)), tokenise([""] * len(PROMPTS))
    ids = jnp.concatenate([tokens.input_ids, empty.input_ids])
    mask = jnp.concatenate([tokens.attention_mask, empty.attention_mask])

    def draw(path: Path, params: dict[str, Any]) -> None:
        bart = Bart(config, params, jnp.bfloat16)
        codes = greedy_codes(bart, bart.encode(ids, mask), mask, CONDITION_SCALE)
        pictures = np.asarray(jnp.clip(tokeniser.decode(codes), 0, 1) * 255).round().astype("u1")
        rows = [
            np.concatenate(list(pictures[start : start + COLUMNS]), 1)
            for start in range(0, len(pictures), COLUMNS)
        ]
        Image.fromarray(np.concatenate(rows)).save(path, format="png")

    return draw
