"""Trains what finishes a picture and what reads one; codes and things are known by then.

The filters that tint things and give a picture its look learn from codes whose making is known, and
the encoder to find those codes in the finished picture.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import serialization
from jax import Array

from dalle.errors import DalleError
from dalle.models.cell_config import CellTokenizerConfig
from dalle.models.cells import CellNetwork, CellTokenizer, cell_shapes
from dalle.models.hardware import fast_dtype
from dalle.training.bart import codes_of
from dalle.training.data import Batch
from dalle.training.reconstruction import mean_psnr, reconstruction_loss, save_versions
from dalle.training.runs import Run, TrainState, learning_rate, train, write_atomically

EMA_DECAY = 0.999  # of the weights that are shipped
WARMUP = 100  # steps


def optimiser(peak: float, steps: int) -> optax.GradientTransformation:
    schedule = learning_rate(peak, WARMUP, steps, cooldown=0.3)
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, b2=0.99))


def write_codes(path: Path, codes: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, serialization.to_bytes(codes))


def read_codes(path: Path, config: CellTokenizerConfig) -> dict[str, Any]:
    """The found codes as parameters; DalleError where there are none, or of another size."""
    expected = jax.tree.map(lambda leaf: np.zeros(leaf.shape), cell_shapes(config)["codes"])
    try:
        codes = serialization.from_bytes(expected, path.read_bytes())
    except FileNotFoundError:
        raise DalleError(
            f"there are no codes in {path}; run `python -m dalle train codes` first."
        ) from None
    if jax.tree.map(np.shape, codes) != jax.tree.map(np.shape, expected):
        raise DalleError(
            f"{path} holds codes of another size than the model's; run `python -m dalle train "
            "codes` again, or choose another run folder."
        )
    return jax.tree.map(jnp.asarray, codes)


def new_state(network: CellNetwork, tx: optax.GradientTransformation, seed: int) -> TrainState:
    config = network.config
    pixels = jnp.zeros((1, config.resolution, config.resolution, 3))
    params = dict(jax.jit(network.init)(jax.random.key(seed), pixels)["params"])
    del params["codes"], params["decoder"]["things"]
    return TrainState.begin(params, tx)


def join(params: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """The whole tree, of what is trained here and of the `codes` and `things` that are known."""
    decoder = params["decoder"] | {"things": known["things"]}
    return params | {"codes": known["codes"], "decoder": decoder}


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
    known: dict[str, Any],  # `codes` and `things`
    batch: tuple[Array, Array, Array],  # pictures, things: uint8 [B, H, W, 3 and 4]; [B, 4]
    network: CellNetwork,
    tx: optax.GradientTransformation,
) -> tuple[TrainState, dict[str, Array]]:
    """One step of filters and reader."""
    pictures, things = (pixels.astype(jnp.float32) / 255 for pixels in batch[:2])
    headers = batch[2]
    tokens = network.apply(
        {"params": {"codes": known["codes"]}}, things, headers, method="encode_layers"
    )

    def loss(params: dict) -> tuple[Array, tuple]:
        variables = {"params": join(params, known)}
        error = network.apply(variables, tokens, method="decode") - pictures
        reading, right = reading_loss(network, variables, pictures, things, headers)
        square_error = jnp.square(error).mean((1, 2, 3))
        return reconstruction_loss(error) + reading, (square_error, reading, right)

    (value, extras), gradients = jax.value_and_grad(loss, has_aux=True)(state.params)
    square_error, reading, right = extras
    metrics = {
        "loss": value,
        "psnr": (-10 * jnp.log10(square_error)).mean(),
        "reading": reading,
        "choices_right": right,
    }
    return state.after(gradients, tx, EMA_DECAY), metrics


def draw_reconstructions(path: Path, tokeniser: CellTokenizer, batch: Batch) -> dict[str, float]:
    """Originals, what known codes draw, what read codes draw, as a PNG; the mean PSNRs in dB."""
    originals = batch.pictures / 255.0
    pictures = jnp.asarray(originals, jnp.float32)
    made = {
        "known": tokeniser.decode(codes_of(batch, tokeniser)),
        "read": tokeniser.decode(tokeniser.encode(pictures)),
    }
    made = {name: np.clip(np.asarray(drawn), 0, 1) for name, drawn in made.items()}
    save_versions(path, (originals, *made.values()))
    return {f"held_out_psnr_{name}": mean_psnr(drawn, originals) for name, drawn in made.items()}


def train_tokeniser(
    folder: Path,
    config: CellTokenizerConfig,
    known: dict[str, Any],  # `codes` and `things`
    batches: Callable[[int], Iterator[Batch]],  # from a step on
    held_out: Batch,  # never trained on
    *,
    steps: int,
    batch_size: int,
    peak: float = 1e-3,
    seed: int = 0,
) -> TrainState:
    """Trains filters and encoder to `steps` in `folder`."""
    network, tx = CellNetwork(config, fast_dtype()), optimiser(peak, steps)
    run = Run(folder)
    state = run.restore(new_state(network, tx, seed))

    def draw_samples(state: TrainState) -> None:
        tokeniser = CellTokenizer(config, join(state.average, known), fast_dtype())
        run.log(int(state.step), draw_reconstructions(folder / "samples.png", tokeniser, held_out))

    return train(
        run,
        state,
        lambda state, batch: update(state, known, batch, network, tx),
        ((batch.pictures, batch.foregrounds, batch.headers) for batch in batches(int(state.step))),
        steps=steps,
        batch_size=batch_size,
        draw_samples=draw_samples,
    )


def restore_tokeniser(
    folder: Path, known: dict[str, Any], config: CellTokenizerConfig
) -> CellTokenizer:
    """What the run in `folder` would ship now, with the `codes` and `things` that are known."""
    network = CellNetwork(config, fast_dtype())
    state = Run(folder).restore(new_state(network, optimiser(0.0, 1), seed=0))
    return CellTokenizer(config, join(state.average, known), fast_dtype())
