"""Trains the part of the cell tokenizer's decoder that draws the things, by themselves.

Neither ground nor tint nor look is drawn, so that a picture costs a fraction of a finished one.
"""

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from dalle.models.cells.config import CellTokenizerConfig
from dalle.models.cells.network import CellNetwork, to_layer
from dalle.models.hardware import fast_dtype
from dalle.training.data import Lesson
from dalle.training.optimiser import muon_with_adam
from dalle.training.run import TrainState, learning_rate
from dalle.training.session import Session
from dalle.training.tokenizer.changed_codes import change_cells
from dalle.training.tokenizer.parts import begin_part, restore_part
from dalle.training.tokenizer.reconstruction import mean_psnr, reconstruction_loss, save_versions

EMA_DECAY = 0.999  # of the weights that are shipped
WARMUP = 60  # steps
MUON_RATE = 8  # times the rate of Adam
CHANGED = 0.06  # share of cells, in half of the pictures


def optimiser(peak: float, steps: int, cooldown: float) -> optax.GradientTransformation:
    """Muon for the products within the blocks; Adam at `peak` for the rest."""
    return muon_with_adam(
        learning_rate(peak, WARMUP, steps, cooldown),
        MUON_RATE,
        lambda name, leaf: "block_" in name and leaf.ndim == 2,
        b2=0.99,
    )


def decode_things(network: CellNetwork, params: dict, codes: dict, tokens: Array) -> Array:
    """[B, T] -> the things alone, in the form of `to_layer`, [B, H, W, 4]."""
    variables = {"params": {"codes": codes, "decoder": {"things": params}}}
    return network.apply(variables, tokens, method="decode_things")


@partial(jax.jit, static_argnames=("network", "tx"), donate_argnames="state")
def update(
    state: TrainState,
    batch: tuple[Array, Array],  # things: uint8 [B, H, W, 4]; headers [B, 4]
    rate: Array,
    codes: dict[str, Any],
    network: CellNetwork,
    tx: optax.GradientTransformation,
) -> tuple[TrainState, dict[str, Array]]:
    """One step."""
    things = batch[0].astype(jnp.float32) / 255
    tokens = network.apply({"params": {"codes": codes}}, things, batch[1], method="encode_layers")
    key = jax.random.fold_in(jax.random.key(0), state.step)
    tokens = change_cells(network, codes, tokens, CHANGED, key)
    target = to_layer(things)

    def loss(params: dict) -> tuple[Array, Array]:
        error = decode_things(network, params, codes, tokens) - target
        return reconstruction_loss(error), jnp.square(error[..., :3]).mean((1, 2, 3))

    (value, square_error), gradients = jax.value_and_grad(loss, has_aux=True)(state.params)
    metrics = {"loss": value, "psnr": (-10 * jnp.log10(square_error)).mean()}
    return state.after(gradients, tx, EMA_DECAY, rate=rate), metrics


@partial(jax.jit, static_argnames="network")
def decode_beside_truth(
    params: dict[str, Any], codes: dict[str, Any], batch: tuple[Array, Array], network: CellNetwork
) -> tuple[Array, Array]:
    """Things on grey as they are and as they are drawn, twice [B, H, W, 3] in 0..1."""
    things = batch[0].astype(jnp.float32) / 255
    tokens = network.apply({"params": {"codes": codes}}, things, batch[1], method="encode_layers")
    decoded = decode_things(network, params, codes, tokens)
    return to_layer(things)[..., :3] + 0.5, jnp.clip(decoded[..., :3] + 0.5, 0, 1)


def train_things(
    folder: Path,
    config: CellTokenizerConfig,
    codes: dict[str, Any],
    lesson: Lesson,
) -> TrainState:
    """Trains in `folder`."""
    network = CellNetwork(config, fast_dtype())
    new = begin_part(config, "things", optimiser(0.0, 1, 1.0), lesson.seed)
    session = Session(folder, lesson, optimiser, new.params)
    shown = lesson.held_out.foregrounds, lesson.held_out.headers

    def evaluate(state: TrainState) -> None:
        true, decoded = map(np.asarray, decode_beside_truth(state.average, codes, shown, network))
        session.run.log(int(state.step), {"held_out_psnr": mean_psnr(decoded, true)})
        save_versions(folder / "samples.png", (true, decoded))

    return session.train(
        partial(update, codes=codes, network=network),
        ((batch.foregrounds, batch.headers) for batch in lesson.batches(session.start)),
        evaluate,
    )


def restore_things(folder: Path, config: CellTokenizerConfig) -> dict[str, Any]:
    """The weights that the run in `folder` has learned; before its first step, to add nothing."""
    return restore_part(folder, config, "things", optimiser(0.0, 1, 1.0))
