"""Trains the encoder: it learns to find the codes of a picture."""

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from dalle.models.cells.config import CellTokenizerConfig
from dalle.models.cells.network import CellNetwork, CellTokenizer
from dalle.models.hardware import fast_dtype
from dalle.training.bart import codes_of
from dalle.training.data import Batch, Lesson
from dalle.training.run import Run, TrainState, learning_rate, train
from dalle.training.tokenizer.parts import begin_reader, join
from dalle.training.tokenizer.reconstruction import mean_psnr, save_versions

EMA_DECAY = 0.999  # of the weights that are shipped
WARMUP = 100  # steps


def optimiser(peak: float, steps: int, cooldown: float) -> optax.GradientTransformation:
    schedule = learning_rate(peak, WARMUP, steps, cooldown)
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, b2=0.99))


def reading_loss(
    network: CellNetwork, variables: dict, pictures: Array, things: Array, headers: Array
) -> tuple[Array, Array]:
    """How far the encoder is from the choices and the cells' vectors; share of choices right."""
    logits = network.apply(variables, pictures, method=lambda m, x: m.reader.read_choices(x))
    parts = jnp.split(logits, np.cumsum(network.config.header)[:-1].tolist(), -1)
    wrong = optax.softmax_cross_entropy_with_integer_labels
    choices = sum(wrong(part, headers[:, i]).mean() for i, part in enumerate(parts))
    right = jnp.mean(jnp.stack([p.argmax(-1) == headers[:, i] for i, p in enumerate(parts)]))
    empty = jax.lax.stop_gradient(network.apply(variables, headers, method="empty"))
    found = network.apply(
        variables, pictures, empty, headers, method=lambda m, *x: m.reader.read_cells(*x)
    )
    target = network.apply(variables, things, method="vectors_of")
    distance = jnp.square(found - target).sum(-1).mean() / jnp.square(target).sum(-1).mean()
    return 0.1 * choices + distance, right


@partial(jax.jit, static_argnames=("network", "tx"), donate_argnames="state")
def update(
    state: TrainState,
    known: dict[str, Any],  # `codes`, `things`, `dye` and `finish`
    batch: tuple[Array, Array, Array],  # pictures, things: uint8 [B, H, W, 3 and 4]; [B, 4]
    network: CellNetwork,
    tx: optax.GradientTransformation,
) -> tuple[TrainState, dict[str, Array]]:
    """One step."""
    pictures, things = (pixels.astype(jnp.float32) / 255 for pixels in batch[:2])

    def loss(reader: dict) -> tuple[Array, Array]:
        variables = {"params": join(reader, known)}
        return reading_loss(network, variables, pictures, things, batch[2])

    (value, right), gradients = jax.value_and_grad(loss, has_aux=True)(state.params)
    return state.after(gradients, tx, EMA_DECAY), {"loss": value, "choices_right": right}


def save_reconstructions(path: Path, tokenizer: CellTokenizer, batch: Batch) -> dict[str, float]:
    """Originals, and decoded known and read codes, as a PNG; the mean PSNRs in dB."""
    originals = batch.pictures / 255.0
    pictures = jnp.asarray(originals, jnp.float32)
    made = {
        "known": tokenizer.decode_small(codes_of(batch, tokenizer)),
        "read": tokenizer.decode_small(tokenizer.encode(pictures)),
    }
    made = {name: np.clip(np.asarray(decoded), 0, 1) for name, decoded in made.items()}
    save_versions(path, (originals, *made.values()))
    return {
        f"held_out_psnr_{name}": mean_psnr(decoded, originals) for name, decoded in made.items()
    }


def train_tokenizer(
    folder: Path,
    config: CellTokenizerConfig,
    known: dict[str, Any],  # `codes`, `things`, `dye` and `finish`
    lesson: Lesson,
) -> TrainState:
    """Trains the encoder in `folder`."""
    network = CellNetwork(config, fast_dtype())
    tx = optimiser(lesson.peak, lesson.steps, lesson.cooldown)
    run = Run(folder)
    state = run.restore(begin_reader(config, tx, lesson.seed))

    batches = lesson.batches(int(state.step))

    def evaluate(state: TrainState) -> None:
        tokenizer = CellTokenizer(config, join(state.average, known), fast_dtype())
        run.log(
            int(state.step),
            save_reconstructions(folder / "samples.png", tokenizer, lesson.held_out),
        )

    return train(
        run,
        state,
        lambda state, batch: update(state, known, batch, network, tx),
        ((batch.pictures, batch.foregrounds, batch.headers) for batch in batches),
        steps=lesson.steps,
        batch_size=lesson.batch_size,
        evaluate=evaluate,
    )


def restore_tokenizer(
    folder: Path, known: dict[str, Any], config: CellTokenizerConfig
) -> CellTokenizer:
    """The tokenizer that the run in `folder` would ship now, with the parts known before it."""
    state = Run(folder).restore(begin_reader(config, optimiser(0.0, 1, 1.0), seed=0))
    return CellTokenizer(config, join(state.average, known), fast_dtype())
