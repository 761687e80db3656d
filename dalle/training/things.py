"""Trains the part of the cell tokeniser's decoder that draws the things, by themselves.

Neither ground nor tint nor look is drawn, so that a picture costs a fraction of a finished one.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import struct
from jax import Array
from PIL import Image

from dalle.models.cell_config import CellTokenizerConfig
from dalle.models.cells import CellNetwork, to_layer
from dalle.models.hardware import fast_dtype
from dalle.training.data import Batch
from dalle.training.muon import muon_with_adam
from dalle.training.reconstruction import reconstruction_loss
from dalle.training.runs import Run, average_step, learning_rate, train

EMA_DECAY = 0.999  # of the weights that are shipped
WARMUP = 60  # steps
MUON_RATE = 8  # times the rate of Adam
COLUMNS = 8  # of a sheet


@struct.dataclass
class ThingState:
    step: Array
    params: dict[str, Any]  # of ThingDecoder
    average: dict[str, Any]  # running mean of params
    optimiser: Any


def optimiser(peak: float, steps: int, cooldown: float) -> optax.GradientTransformation:
    """Muon for the products within the blocks; Adam at `peak` for the rest."""
    return muon_with_adam(
        learning_rate(peak, WARMUP, steps, cooldown),
        MUON_RATE,
        lambda name, leaf: "block_" in name and leaf.ndim == 2,
        b2=0.99,
    )


def new_state(network: CellNetwork, tx: optax.GradientTransformation, seed: int) -> ThingState:
    config = network.config
    pixels = jnp.zeros((1, config.resolution, config.resolution, 3))
    params = jax.jit(network.init)(jax.random.key(seed), pixels)["params"]["decoder"]["things"]
    average = jax.tree.map(jnp.copy, params)  # its own buffers: the state is donated
    return ThingState(jnp.int32(0), params, average, tx.init(params))


def draw(network: CellNetwork, params: dict, codes: dict, tokens: Array) -> Array:
    """[B, T] -> the things alone, in the form of `to_layer`, [B, H, W, 4]."""
    variables = {"params": {"codes": codes, "decoder": {"things": params}}}
    return network.apply(variables, tokens, method="decode_things")


@partial(jax.jit, static_argnames=("network", "tx"), donate_argnames="state")
def update(
    state: ThingState,
    codes: dict[str, Any],
    batch: tuple[Array, Array],  # things: uint8 [B, H, W, 4]; headers [B, 4]
    network: CellNetwork,
    tx: optax.GradientTransformation,
) -> tuple[ThingState, dict[str, Array]]:
    """One step."""
    things = batch[0].astype(jnp.float32) / 255
    tokens = network.apply({"params": {"codes": codes}}, things, batch[1], method="encode_layers")
    target = to_layer(things)

    def loss(params: dict) -> tuple[Array, Array]:
        error = draw(network, params, codes, tokens) - target
        return reconstruction_loss(error), jnp.square(error[..., :3]).mean((1, 2, 3))

    (value, square_error), gradients = jax.value_and_grad(loss, has_aux=True)(state.params)
    changes, tx_state = tx.update(gradients, state.optimiser, state.params)
    params = optax.apply_updates(state.params, changes)
    average = average_step(state.average, params, state.step, EMA_DECAY)
    metrics = {"loss": value, "psnr": (-10 * jnp.log10(square_error)).mean()}
    return ThingState(state.step + 1, params, average, tx_state), metrics


@partial(jax.jit, static_argnames="network")
def redraw(
    params: dict[str, Any], codes: dict[str, Any], batch: tuple[Array, Array], network: CellNetwork
) -> tuple[Array, Array]:
    """Things on grey as they are and as they are drawn, twice [B, H, W, 3] in 0..1."""
    things = batch[0].astype(jnp.float32) / 255
    tokens = network.apply({"params": {"codes": codes}}, things, batch[1], method="encode_layers")
    drawn = draw(network, params, codes, tokens)
    return to_layer(things)[..., :3] + 0.5, jnp.clip(drawn[..., :3] + 0.5, 0, 1)


def train_things(
    folder: Path,
    config: CellTokenizerConfig,
    codes: dict[str, Any],
    batches: Callable[[int], Iterator[Batch]],  # from a step on
    held_out: Batch,  # never trained on
    *,
    steps: int,
    batch_size: int,
    peak: float,
    cooldown: float,
    seed: int = 0,
) -> ThingState:
    """Trains to `steps` in `folder`."""
    network, tx = CellNetwork(config, fast_dtype()), optimiser(peak, steps, cooldown)
    run = Run(folder)
    state = run.restore(new_state(network, tx, seed))
    shown = held_out.foregrounds, held_out.headers

    def draw_samples(state: ThingState) -> None:
        pairs = np.stack(redraw(state.average, codes, shown, network))  # [2, B, H, W, 3]
        errors = np.square(pairs[1] - pairs[0]).mean((1, 2, 3))
        psnr = float((-10 * np.log10(errors + 1e-10)).mean())
        run.log(int(state.step), {"held_out_psnr": psnr})
        pixels = (pairs * 255).round().astype(np.uint8)
        rows = [
            np.concatenate(list(drawn[start : start + COLUMNS]), 1)
            for start in range(0, len(errors) - COLUMNS + 1, COLUMNS)
            for drawn in pixels
        ]
        Image.fromarray(np.concatenate(rows)).save(folder / "samples.png", format="png")

    return train(
        run,
        state,
        lambda state, batch: update(state, codes, batch, network, tx),
        ((batch.foregrounds, batch.headers) for batch in batches(int(state.step))),
        steps=steps,
        batch_size=batch_size,
        draw_samples=draw_samples,
    )


def restore_things(folder: Path, config: CellTokenizerConfig) -> dict[str, Any]:
    """What the run in `folder` has learned; before its first step, to add nothing."""
    network = CellNetwork(config, fast_dtype())
    return Run(folder).restore(new_state(network, optimiser(0.0, 1, 1.0), seed=0)).average
