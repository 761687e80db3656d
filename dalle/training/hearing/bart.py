"""Trains BART's encoder to hear everyday words as it hears the same thing in the plain grammar.

The decoder stays as it is and is not run: each of its layers must read the same from both captions.
The questions that layers ask are collected once, while the decoder draws scenes. A step costs a
quarter of one with the decoder, and its target says more than the next code.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from dalle.models.bart.config import BartConfig
from dalle.models.bart.network import BartNetwork, FlaxBartAttention
from dalle.models.cells.network import CellTokenizer
from dalle.models.hardware import fast_dtype
from dalle.models.layers import LayerNorm
from dalle.text.tokenize import Tokens
from dalle.training.bart import (
    EMA_DECAY,
    codes_of,
    evaluate_loss,
    optimiser,
    shifted,
    texts,
)
from dalle.training.data import Batch, Lesson
from dalle.training.run import TrainState
from dalle.training.session import Session

UNPROMPTED = 0.04  # share of empty captions, whose reading guidance needs
COLLECTED = 96  # pictures whose drawing is asked from
OPENING = 4  # codes for the whole picture, which ask for ground, look and style
ASKED = (6, 14)  # questions of a step: of the opening, of the cells
SHORT = 28  # tokens: nine of ten captions have room; padding costs as much as words
LONG_EVERY = 8  # steps: one that has room for all
LAYER = "FlaxBartDecoderLayer_{}"


def collect_questions(network: BartNetwork, params: dict, ids: Array, mask: Array, codes: Array):
    """The queries of each layer to the encoder at each position: [layers, B, T, D]."""

    def is_asked(module: Any, method: str) -> bool:
        return isinstance(module, LayerNorm) and module.name == "LayerNorm_2"

    read = shifted(codes, network.config.decoder_start_token_id)
    _, seen = network.apply(
        {"params": params},
        ids,
        mask,
        read,
        capture_intermediates=is_asked,
        mutable=["intermediates"],
    )
    layers = seen["intermediates"]["model"]["decoder"]["layers"]
    number = network.config.decoder_layers
    return jnp.stack([layers[LAYER.format(n)]["LayerNorm_2"]["__call__"][0] for n in range(number)])


def answers(network: BartNetwork, params: dict, ids: Array, mask: Array, questions: Array) -> Array:
    """The layers' answers [layers, B, questions, D] to [layers, questions, D], from [B, S]."""
    config = network.config
    memory = network.apply({"params": params}, ids, mask, method="encode")
    attend = FlaxBartAttention(config, config.decoder_attention_heads, network.dtype)
    allowed = mask[:, None, None, :].astype(bool)
    layers = params["model"]["decoder"]["layers"]

    def read(number: int) -> Array:
        layer = layers[LAYER.format(number)]
        asked = jnp.broadcast_to(questions[number], (len(ids), *questions.shape[1:]))
        found = attend.apply({"params": layer["FlaxBartAttention_1"]}, asked, memory, allowed)
        return LayerNorm().apply({"params": layer["LayerNorm_3"]}, found)

    return jnp.stack([read(number) for number in range(config.decoder_layers)])


def mismatch(
    params: dict, network: BartNetwork, ids: Array, mask: Array, questions: Array, aims: Array
) -> Array:
    """Squared distance from the `aims` over their variance among captions."""
    found = answers(network, params, ids, mask, questions)
    apart = jnp.square(found - aims).mean((1, 2, 3))
    return (apart / jnp.var(aims, axis=1).mean((1, 2))).mean()


@partial(jax.jit, static_argnames=("network", "tx"), donate_argnames="state")
def update(
    state: TrainState,
    batch: tuple,
    rate: Array,
    network: BartNetwork,
    tx: optax.GradientTransformation,
    taught: dict,  # parameters to learn from
) -> tuple[TrainState, dict[str, Array]]:
    """One step on (ids, mask, ids of the plain captions, their mask, questions)."""
    ids, mask, plain_ids, plain_mask, questions = batch
    aims = answers(network, taught, plain_ids, plain_mask, questions)

    def loss(encoder: dict) -> Array:
        params = state.params | {"model": state.params["model"] | {"encoder": encoder}}
        return mismatch(params, network, ids, mask, questions, aims)

    value, gradient = jax.value_and_grad(loss)(state.params["model"]["encoder"])
    still = jax.tree.map(jnp.zeros_like, state.params)
    gradients = still | {"model": still["model"] | {"encoder": gradient}}
    metrics = {"loss": value, "gradient": optax.tree.norm(gradient)}
    return state.after(gradients, tx, EMA_DECAY, rate=rate), metrics


def fitting(heard: Tokens, plain: Tokens, room: int) -> tuple[Array, ...]:
    """Ids and masks [B, room] of both; where a pair has no room, another one comes twice."""
    lengths = np.maximum(heard.attention_mask.sum(1), plain.attention_mask.sum(1))
    rows = np.resize(np.flatnonzero(lengths <= room), len(lengths))
    arrays = (heard.input_ids, heard.attention_mask, plain.input_ids, plain.attention_mask)
    return tuple(jnp.asarray(array[rows, :room]) for array in arrays)


def blend(former: dict, trained: dict, share: float) -> dict:
    """Weights between the two, which keep most of both (WiSE-FT, arxiv.org/abs/2109.01903)."""
    return jax.tree.map(lambda old, new: (1 - share) * old + share * new, former, trained)


class Questions:
    """Questions collected from pictures, [layers, B, T, D]; each step picks a few."""

    def __init__(self, collected: Array):
        self._collected = np.asarray(collected, np.float32)

    def pick(self, rng: np.random.Generator) -> Array:
        """[layers, questions, D]."""
        _, pictures, length, _ = self._collected.shape
        bounds = ((0, OPENING), (OPENING, length))
        places = np.concatenate([
            rng.integers(*bound, number) for bound, number in zip(bounds, ASKED, strict=True)
        ])  # fmt: skip
        return jnp.asarray(self._collected[:, rng.integers(pictures, size=len(places)), places])


def train_hearing(
    folder: Path,
    config: BartConfig,
    tokenizer: CellTokenizer,
    tokenize: Callable,  # captions -> Tokens
    save_samples: Callable[[Path, dict], None],  # sample sheet at a path, from params
    lesson: Lesson,
    taught: dict[str, Any],  # parameters of a network that hears the plain grammar
) -> TrainState:
    """Trains in `folder`, from `taught` on."""
    network = BartNetwork(config, fast_dtype())
    encoder_optimiser = partial(optimiser, is_trained=lambda name: "/encoder/" in name)
    session = Session(folder, lesson, encoder_optimiser, jax.tree.map(jnp.copy, taught))

    judged = {
        name: (*texts(tokenize(batch.captions)), codes_of(batch, tokenizer))
        for name, batch in ({"held_out": lesson.held_out} | lesson.watched).items()
    }
    batches = lesson.batches(0)
    shown = Batch(next(batches).examples[:COLLECTED])
    batches.close()
    asked = Questions(
        jax.jit(collect_questions, static_argnums=0)(
            network, taught, *texts(tokenize(shown.plain)), codes_of(shown, tokenizer)
        )
    )

    def pairs(batches: Iterator[Batch]) -> Iterator[tuple]:
        for step, batch in enumerate(batches, session.start):
            rng = np.random.default_rng((lesson.seed, step))
            kept = rng.random(len(batch.examples)) >= UNPROMPTED
            heard, plain = (
                tokenize(np.where(kept, told, "").tolist())
                for told in (batch.captions, batch.plain)
            )
            room = SHORT if step % LONG_EVERY else config.max_text_length
            yield (*fitting(heard, plain, room), asked.pick(rng))

    def evaluate(state: TrainState) -> None:
        values = {}
        for name, batch in judged.items():
            values[name], values[f"{name}_right"] = evaluate_loss(state.average, network, *batch)
        session.run.log(int(state.step), {name: float(value) for name, value in values.items()})
        save_samples(folder / f"samples-{int(state.step):06}.png", state.average)

    step = partial(update, network=network, taught=taught)
    return session.train(step, pairs(lesson.batches(session.start)), evaluate)
