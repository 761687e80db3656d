"""Trains BART: from a caption to the codes of its picture."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from dalle.models.bart import BartNetwork
from dalle.models.cells import CellTokenizer
from dalle.models.config import BartConfig
from dalle.models.hardware import fast_dtype
from dalle.training.data import Batch, Lesson
from dalle.training.muon import muon_with_adam
from dalle.training.runs import Run, TrainState, learning_rate, train

EMA_DECAY = 0.9995  # of the weights that are shipped
WARMUP = 60  # steps
MUON_RATE = 8  # times the rate of Adam
UNPROMPTED = 0.12  # share of captions left empty, for guidance


def optimiser(peak: float, steps: int, cooldown: float) -> optax.GradientTransformation:
    """Muon for the layers' products; Adam at `peak` for embeddings, head and norms."""
    return muon_with_adam(
        learning_rate(peak, WARMUP, steps, cooldown),
        MUON_RATE,
        lambda name, leaf: "/layers/" in name and leaf.ndim == 2,
        b2=0.98,
    )


def first_params(network: BartNetwork, seed: int) -> dict[str, Any]:
    """Random parameters; a low gain after each attention steadies the first hour."""
    config = network.config
    text = jnp.zeros((1, config.max_text_length), jnp.int32)
    image = jnp.zeros((1, config.image_length), jnp.int32)
    params = jax.jit(network.init)(jax.random.key(seed), text, text, image)["params"]

    def start(path: tuple, leaf: Array) -> Array:
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        after_attention = "LayerNorm_1/scale" in name or "LayerNorm_3/scale" in name
        return 0.3 * leaf if after_attention else leaf

    return jax.tree_util.tree_map_with_path(start, params)


def shifted(codes: Array, start: int) -> Array:
    """What the decoder reads to say `codes` [B, T]: the start token, then all but the last."""
    return jnp.pad(codes[:, :-1], ((0, 0), (1, 0)), constant_values=start)


def token_loss(
    params: dict, network: BartNetwork, ids: Array, mask: Array, codes: Array
) -> tuple[Array, Array]:
    """Mean cross-entropy in nats a code, and the share of codes guessed right."""
    read = shifted(codes, network.config.decoder_start_token_id)
    logits = network.apply({"params": params}, ids, mask, read)
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, codes)
    return losses.mean(), (logits.argmax(-1) == codes).mean()


@partial(jax.jit, static_argnames=("network", "tx"), donate_argnames="state")
def update(
    state: TrainState, batch: tuple, network: BartNetwork, tx: optax.GradientTransformation
) -> tuple[TrainState, dict[str, Array]]:
    """One step on (ids [B, S], mask [B, S], codes [B, T])."""
    gradient = jax.value_and_grad(token_loss, has_aux=True)
    (value, right), gradients = gradient(state.params, network, *batch)
    metrics = {"loss": value, "right": right, "gradient": optax.tree.norm(gradients)}
    return state.after(gradients, tx, EMA_DECAY), metrics


evaluate_loss = jax.jit(token_loss, static_argnames="network")


def encoded(
    batches: Iterator[Batch], tokeniser: CellTokenizer, tokenise: Callable, start: int, seed: int
) -> Iterator[tuple]:
    """Examples to (ids, mask, codes), some captions left empty, the same on every run."""
    for step, batch in enumerate(batches, start):
        rng = np.random.default_rng((seed, step))
        kept = ["" if rng.random() < UNPROMPTED else caption for caption in batch.captions]
        tokens = tokenise(kept)
        yield (
            jnp.asarray(tokens.input_ids),
            jnp.asarray(tokens.attention_mask),
            codes_of(batch, tokeniser),
        )


def codes_of(batch: Batch, tokeniser: CellTokenizer) -> Array:
    """[B, T]."""
    things = jnp.asarray(batch.foregrounds, jnp.float32) / 255
    return tokeniser.encode_layers(things, jnp.asarray(batch.headers))


def train_bart(
    folder: Path,
    config: BartConfig,
    tokeniser: CellTokenizer,
    tokenise: Callable,  # captions -> Tokens
    draw: Callable[[Path, dict], None],  # sample sheet at a path, from params
    lesson: Lesson,
) -> TrainState:
    """Trains in `folder`."""
    network = BartNetwork(config, fast_dtype())
    tx = optimiser(lesson.peak, lesson.steps, lesson.cooldown)
    run = Run(folder)
    state = run.restore(TrainState.begin(first_params(network, lesson.seed), tx))
    start = int(state.step)

    tokens = tokenise(lesson.held_out.captions)
    codes = codes_of(lesson.held_out, tokeniser)
    judged = jnp.asarray(tokens.input_ids), jnp.asarray(tokens.attention_mask), codes
    empty = tokenise([""] * len(codes))
    unprompted = jnp.asarray(empty.input_ids), jnp.asarray(empty.attention_mask), codes

    def draw_samples(state: TrainState) -> None:
        loss, right = evaluate_loss(state.average, network, *judged)
        alone, _ = evaluate_loss(state.average, network, *unprompted)
        values = {"held_out": loss, "held_out_right": right, "held_out_unprompted": alone}
        run.log(int(state.step), {name: float(value) for name, value in values.items()})
        draw(folder / f"samples-{int(state.step):06}.png", state.average)

    return train(
        run,
        state,
        lambda state, batch: update(state, batch, network, tx),
        encoded(lesson.batches(start), tokeniser, tokenise, start, lesson.seed),
        steps=lesson.steps,
        batch_size=lesson.batch_size,
        draw_samples=draw_samples,
    )
