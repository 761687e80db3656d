"""Trains CLIP's text tower to place everyday words where it places the same in the plain grammar.

No picture is needed: the plain caption has the right place already.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array

from dalle.models.clip.config import ClipConfig
from dalle.models.clip.network import ClipModule
from dalle.models.hardware import fast_dtype
from dalle.training.clip import EMA_DECAY, optimiser
from dalle.training.data import Batch, Lesson
from dalle.training.hearing.bart import LONG_EVERY, SHORT, fitting
from dalle.training.run import TrainState
from dalle.training.session import Session


def text_mismatch(
    params: dict, network: ClipModule, taught: dict, batch: tuple
) -> tuple[Array, Array]:
    """Squared distance over the variance of places, and the share of captions that find their
    own."""
    ids, mask, plain_ids, plain_mask = batch
    embed = partial(network.apply, method="embed_text")
    aims = embed({"params": taught}, plain_ids, plain_mask.astype(bool))
    found = embed({"params": params}, ids, mask.astype(bool))
    apart = jnp.square(found - aims).sum(-1).mean() / jnp.var(aims, axis=0).sum()
    own = ((found @ aims.T).argmax(-1) == jnp.arange(len(ids))).mean()
    return apart, own


@partial(jax.jit, static_argnames=("network", "tx"), donate_argnames="state")
def update(
    state: TrainState,
    batch: tuple,
    rate: Array,
    network: ClipModule,
    tx: optax.GradientTransformation,
    taught: dict,  # parameters to learn from
) -> tuple[TrainState, dict[str, Array]]:
    """One step on (ids, mask, ids of the plain captions, their mask)."""
    gradient = jax.value_and_grad(text_mismatch, has_aux=True)
    (value, own), gradients = gradient(state.params, network, taught, batch)
    return state.after(gradients, tx, EMA_DECAY, rate=rate), {"loss": value, "right": own}


evaluate_mismatch = jax.jit(text_mismatch, static_argnames="network")


def train_clip_hearing(
    folder: Path,
    config: ClipConfig,
    tokenize: Callable,  # captions -> Tokens
    lesson: Lesson,
    taught: dict[str, Any],  # parameters of a network that knows the plain grammar
) -> TrainState:
    """Trains in `folder`, from `taught` on."""
    network = ClipModule(config, fast_dtype())
    longest = config.text_config.max_position_embeddings
    text_optimiser = partial(optimiser, is_trained=lambda name: name.startswith("text_"))
    session = Session(folder, lesson, text_optimiser, jax.tree.map(jnp.copy, taught))

    def prepared(batch: Batch, room: int) -> tuple:
        return fitting(tokenize(batch.captions), tokenize(batch.plain), room)

    def pairs(batches: Iterator[Batch]) -> Iterator[tuple]:
        for step, batch in enumerate(batches, session.start):
            yield prepared(batch, SHORT if step % LONG_EVERY else longest)

    judged = prepared(lesson.held_out, longest)

    def judge(state: TrainState) -> None:
        value, own = evaluate_mismatch(state.average, network, taught, judged)
        session.run.log(int(state.step), {"held_out": float(value), "held_out_right": float(own)})

    step = partial(update, network=network, taught=taught)
    return session.train(step, pairs(lesson.batches(session.start)), judge)
