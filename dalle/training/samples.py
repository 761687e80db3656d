"""Samples of a BART in training for a few prompts: one sampled picture of each, on one sheet.

Sampled and not greedy: where a thing may stand anywhere, the likeliest picture is an empty one.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from PIL import Image

from dalle.models.bart.config import BartConfig
from dalle.models.bart.decoding import (
    CrossCache,
    DecoderWeights,
    cross_attention_cache,
    prepare,
    step,
)
from dalle.models.bart.kv_cache import empty_cache
from dalle.models.bart.network import Bart
from dalle.models.cells.network import CellTokenizer
from dalle.models.hardware import fast_dtype
from dalle.training.nano import GENERATION

PROMPTS = (
    "a red apple on a blue background",
    "a green background with a cat",
    "a cartoon of a tree on a pink background",
    "a 3d render of a robot, black background",
    "two bananas on a teal background",
    "a dog next to a cat",
    "a castle on a red background",
    "an owl on a brown background",
    # As people type them.
    "Sherlock holding multiple cats",
    "my grandmother riding a dinosaur to work",
    "a penguin giving a lecture on inflation, oil on canvas",
    "can you draw a bunch of bananas at a wedding",
    "a shark in a business meeting, security camera",
    "the ghost of Hamlet and a robot, 4k",
    "an octopus that plays the trumpet",
    "a hamburger sunbathing in Hawaii, highly detailed",
)
COLUMNS = 8


@partial(jax.jit, static_argnames="length")
def sample_codes(weights: DecoderWeights, cross: CrossCache, key: Array, length: int) -> Array:
    """Codes [N, T] of the prompts in `cross`, whose second half is no prompt at all."""
    config, rows = weights.config, len(cross.mask)

    def sample_one(carry: tuple, position: Array) -> tuple:
        tokens, cache = carry
        logits, cache = step(weights, cache, cross, tokens, position)
        conditional, unconditional = jnp.split(logits[:, : config.image_vocab_size], 2)
        guided = unconditional + GENERATION["condition_scale"] * (conditional - unconditional)
        likeliest, codes = lax.top_k(guided / GENERATION["temperature"], GENERATION["top_k"])
        chosen = jax.random.categorical(jax.random.fold_in(key, position), likeliest)
        sampled = jnp.take_along_axis(codes, chosen[:, None], 1)[:, 0]
        return (jnp.tile(sampled, 2), cache), sampled

    start = jnp.full(rows, config.decoder_start_token_id, jnp.int32)
    _, sampled = lax.scan(
        sample_one, (start, empty_cache(config, rows, length)), jnp.arange(length)
    )
    return sampled.T


def sample_writer(
    config: BartConfig, tokenizer: CellTokenizer, tokenize: Callable
) -> Callable[[Path, dict[str, Any]], None]:
    """A function that draws the sheet from parameters to a path."""
    tokens, empty = tokenize(list(PROMPTS)), tokenize([""] * len(PROMPTS))
    ids = jnp.concatenate([tokens.input_ids, empty.input_ids])
    mask = jnp.concatenate([tokens.attention_mask, empty.attention_mask])

    def save(path: Path, params: dict[str, Any]) -> None:
        bart = Bart(config, params, fast_dtype())
        weights = prepare(params, config, fast_dtype())
        cross = cross_attention_cache(weights, bart.encode(ids, mask), mask)
        codes = sample_codes(weights, cross, jax.random.key(0), config.image_length)
        pictures = (
            np.asarray(jnp.clip(tokenizer.decode_small(codes), 0, 1) * 255).round().astype("u1")
        )
        rows = [
            np.concatenate(list(pictures[start : start + COLUMNS]), 1)
            for start in range(0, len(pictures), COLUMNS)
        ]
        Image.fromarray(np.concatenate(rows)).save(path, format="png")

    return save
