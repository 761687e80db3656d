"""Carries a text encoder over to another vocabulary and to longer texts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from tokenizers import Tokenizer

TOKENS, POSITIONS = "tokens", "positions"
# Where a part keeps the embeddings of its text's tokens and of their positions.
EMBEDDINGS = {
    "bart": {
        TOKENS: ("model", "encoder", "embed_tokens"),
        POSITIONS: ("model", "encoder", "embed_positions"),
    },
    "clip": {
        TOKENS: ("text_model", "embeddings", "token_embedding"),
        POSITIONS: ("text_model", "embeddings", "position_embedding"),
    },
}


def carry_over(part: str, params: dict[str, Any], old: Path, new: Path, size: int, length: int):
    """The parameters of `part` for the tokenizer.json of folder `new`, `size` tokens in `length`.

    A token that the `old` vocabulary has too keeps its embedding.
    """
    places = EMBEDDINGS[part]
    before, after = (Tokenizer.from_file(str(folder / "tokenizer.json")) for folder in (old, new))
    params = replaced(params, places[TOKENS], lambda rows: spelt_anew(rows, before, after, size))
    return replaced(params, places[POSITIONS], lambda rows: lengthened(rows, length))


def spelt_anew(rows: Array, old: Tokenizer, new: Tokenizer, size: int) -> Array:
    """Embeddings [V, D] of `old` -> [size, D] of `new`: a token has the mean of its spelling."""
    mean = rows.mean(0)
    embeddings = np.tile(np.asarray(mean), (size, 1))
    known = np.asarray(rows)
    for token, number in new.get_vocab().items():
        same = old.token_to_id(token)  # the special ones are no text
        pieces = [piece.id for piece in old.model.tokenize(token)] if same is None else [same]
        spelling = [piece for piece in pieces if piece < len(known)]
        if number < size and spelling:
            embeddings[number] = known[spelling].mean(0)
    return jnp.asarray(embeddings)


def lengthened(rows: Array, length: int) -> Array:
    """Embeddings of positions [S, D] -> [length, D]; the new ones repeat the last half."""
    more = max(0, length - len(rows))
    late = rows[len(rows) // 2 :]
    repeated = jnp.tile(late, (-(-more // len(late)), 1))[:more]
    return jnp.concatenate([rows[:length], repeated])


def replaced(tree: dict[str, Any], place: tuple[str, ...], change: Callable) -> dict[str, Any]:
    """The tree with the embedding at `place` changed."""
    if not place:
        return tree | {"embedding": change(tree["embedding"])}
    return tree | {place[0]: replaced(tree[place[0]], place[1:], change)}
