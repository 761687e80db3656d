"""Trains the filter that gives a whole picture its look, by itself.

It learns each look as what is done to the picture that the decoder has drawn. Taught with the look
of the true picture instead, it draws the mean of all lines that might be there, too faint to see.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from dalle.models.cell_config import CellTokenizerConfig
from dalle.models.cell_decoder import lay_over, opacity
from dalle.models.cells import CellNetwork
from dalle.models.hardware import fast_dtype
from dalle.training.data import Batch, Lesson
from dalle.training.headers import GROUND_CODES, LOOK_CODES
from dalle.training.looks import LOOKS
from dalle.training.parts import begin_part, restore_part
from dalle.training.places import draw_ground
from dalle.training.reconstruction import mean_psnr, reconstruction_loss, save_versions
from dalle.training.runs import Run, TrainState, learning_rate, train

EMA_DECAY = 0.998  # of the weights that are shipped
WARMUP = 60  # steps
# Thin lines are the hardest to learn.
DRAWN_IN_LINES = ("neon", "pencil sketch", "court sketch", "comic", "blueprint")
OFTEN = 3  # times as often as the other looks

Looked = tuple[Array, Array, Array]  # drawn and as they should look: uint8 [B, H, W, 3]; looks [B]


def optimiser(peak: float, steps: int, cooldown: float) -> optax.GradientTransformation:
    schedule = learning_rate(peak, WARMUP, steps, cooldown)
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, b2=0.99))


@partial(jax.jit, static_argnames="network")
def draw_unfinished(
    known: dict[str, Any],  # `codes` and `things`
    things: Array,  # uint8 [B, H, W, 4]
    headers: Array,  # [B, 4]
    grounds: Array,  # uint8 [B, H, W, 3]
    network: CellNetwork,
) -> Array:
    """What the decoder draws before any look, of things in their own colours: [B, H, W, 3]."""
    variables = {"params": {"codes": known["codes"], "decoder": {"things": known["things"]}}}
    rgba = things.astype(jnp.float32) / 255
    codes = network.apply(variables, rgba, headers, method="encode_layers")
    layer = network.apply(variables, codes, method="decode_things")
    ground = grounds.astype(jnp.float32) / 255 - 0.5
    return jnp.clip(lay_over(layer[..., :3], opacity(layer), ground) + 0.5, 0, 1)


def give_looks(
    batches: Iterator[Batch], known: dict[str, Any], network: CellNetwork, start: int, seed: int
) -> Iterator[Looked]:
    """Pictures as the decoder draws them, each with any of the looks, the same on every run."""
    grounds = np.stack([draw_ground(ground) for ground in GROUND_CODES])
    odds = np.array([OFTEN if look in DRAWN_IN_LINES else 1.0 for look in LOOKS])
    for step, batch in enumerate(batches, start):
        behind = grounds[batch.headers[:, 3]]
        drawn = draw_unfinished(known, batch.foregrounds, batch.headers, behind, network)
        pictures = np.asarray(jnp.round(255 * drawn).astype(jnp.uint8))
        rng = np.random.default_rng((seed, step))
        names = rng.choice(list(LOOKS), len(pictures), p=odds / odds.sum())
        looked = np.stack([LOOKS[name][0](x) for x, name in zip(pictures, names, strict=True)])
        looks = np.array([LOOK_CODES.index(name) for name in names], np.int32)
        yield jnp.asarray(pictures), jnp.asarray(looked), jnp.asarray(looks)


@partial(jax.jit, static_argnames="network")
def finish(network: CellNetwork, params: dict, pictures: Array, looks: Array) -> Array:
    """uint8 [B, H, W, 3] and [B] -> about 0..1."""
    x = pictures.astype(jnp.float32) / 255 - 0.5
    variables = {"params": {"decoder": {"finish": params}}}
    return network.apply(variables, x, looks, method=lambda m, *x: m.decoder.give_look(*x)) + 0.5


@partial(jax.jit, static_argnames=("network", "tx"), donate_argnames="state")
def update(
    state: TrainState, batch: Looked, network: CellNetwork, tx: optax.GradientTransformation
) -> tuple[TrainState, dict[str, Array]]:
    """One step."""
    pictures, target, looks = batch

    def loss(params: dict) -> tuple[Array, Array]:
        error = finish(network, params, pictures, looks) - target.astype(jnp.float32) / 255
        return reconstruction_loss(error), jnp.square(error).mean((1, 2, 3))

    (value, square_error), gradients = jax.value_and_grad(loss, has_aux=True)(state.params)
    metrics = {"loss": value, "psnr": (-10 * jnp.log10(square_error)).mean()}
    return state.after(gradients, tx, EMA_DECAY), metrics


def train_finish(
    folder: Path,
    config: CellTokenizerConfig,
    known: dict[str, Any],  # `codes` and `things`
    lesson: Lesson,
) -> TrainState:
    """Trains in `folder`."""
    network = CellNetwork(config, fast_dtype())
    tx = optimiser(lesson.peak, lesson.steps, lesson.cooldown)
    run = Run(folder)
    state = run.restore(begin_part(config, "finish", tx, lesson.seed))
    start = int(state.step)
    shown = next(give_looks(iter([lesson.held_out]), known, network, 0, lesson.seed + 1))

    def draw_samples(state: TrainState) -> None:
        made = np.clip(np.asarray(finish(network, state.average, shown[0], shown[2])), 0, 1)
        before, true = (np.asarray(pictures) / 255.0 for pictures in shown[:2])
        run.log(int(state.step), {"held_out_psnr": mean_psnr(made, true)})
        save_versions(folder / "samples.png", (before, true, made))

    return train(
        run,
        state,
        lambda state, batch: update(state, batch, network, tx),
        give_looks(lesson.batches(start), known, network, start, lesson.seed),
        steps=lesson.steps,
        batch_size=lesson.batch_size,
        draw_samples=draw_samples,
    )


def restore_finish(folder: Path, config: CellTokenizerConfig) -> dict[str, Any]:
    """What the run in `folder` has learned; before its first step, to change next to nothing."""
    return restore_part(folder, config, "finish", optimiser(0.0, 1, 1.0))
