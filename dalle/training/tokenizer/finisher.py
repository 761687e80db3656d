"""Trains the finisher of decoded things: outlines where they are muddy, flat where it is flat.

Most of its lessons are true codes, some have codes changed: a sequence model samples a wrong cell
now and then, and the picture must look whole all the same. Decoding costs more than a step of
training, so decoded pictures are kept and used many times.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from dalle.models.cells.config import CellTokenizerConfig, FinisherConfig
from dalle.models.cells.finisher import Finisher
from dalle.models.cells.joining import join_cells
from dalle.models.cells.network import CellNetwork, to_layer
from dalle.models.cells.patches import square_means
from dalle.models.hardware import fast_dtype
from dalle.training.data import Batch, Lesson
from dalle.training.optimiser import muon_with_adam
from dalle.training.run import Run, TrainState, learning_rate
from dalle.training.session import Session
from dalle.training.tokenizer.changed_codes import change_cells
from dalle.training.tokenizer.reconstruction import mean_psnr, save_versions

EMA_DECAY = 0.995  # of the weights that are shipped
WARMUP = 40  # steps
MUON_RATE = 8  # times the rate of Adam
CHANGED = 0.1  # share of cells, in half of the pictures
CROP = 4  # cells a side of a crop for training
WINDOW = 4  # pixels a side, in which there must be as much edge as in the true picture
PICTURES = 1024  # that are kept
DECODED = 4  # pictures at once, every DECODED steps until there are PICTURES

Pool = list[tuple[np.ndarray, np.ndarray, int]]  # drawn and joined layer, true things, style


def optimiser(peak: float, steps: int, cooldown: float) -> optax.GradientTransformation:
    """Muon for the convolutions; Adam at `peak` for the rest."""
    return muon_with_adam(
        learning_rate(peak, WARMUP, steps, cooldown),
        MUON_RATE,
        lambda name, leaf: name.endswith("kernel") and "write" not in name,
        b2=0.99,
    )


@partial(jax.jit, static_argnames="network")
def decode(
    network: CellNetwork, known: dict, things: Array, headers: Array, key: Array | None
) -> Array:
    """Things uint8 [B, H, W, 4] and headers [B, 4] -> drawn and joined layers [B, H, W, 4].

    Without a key all codes are as they should be.
    """
    codes = known["codes"]
    variables = {"params": {"codes": codes, "decoder": {"things": known["things"]}}}
    things = things.astype(jnp.float32) / 255
    tokens = network.apply(variables, things, headers, method="encode_layers")
    if key is not None:
        tokens = change_cells(network, codes, tokens, CHANGED, key)
    layer = network.apply(variables, tokens, method="decode_things")
    return join_cells(layer, network.config.cell)


def pairs(
    decode_batch: Callable[[Batch, Array], Array], batches: Iterator[Batch], start: int, cell: int,
    size: int, seed: int,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:  # fmt: skip
    """From a step on: drawn crops [B, H, W, 4], true ones in uint8, and styles [B]."""
    pool: Pool = []
    for step in count(start):
        rng = np.random.default_rng((seed, step))
        if len(pool) < PICTURES and (step % DECODED == 0 or len(pool) < 8 * DECODED):
            batch = next(batches)
            decoded = np.asarray(decode_batch(batch, jax.random.key(step))).astype(np.float16)
            pool += zip(decoded, batch.foregrounds, batch.headers[:, 1], strict=True)
        chosen = [crop(*pool[i], cell, rng) for i in rng.integers(len(pool), size=size)]
        yield tuple(np.stack(part) for part in zip(*chosen, strict=True))


def crop(
    decoded: np.ndarray, true: np.ndarray, style: int, cell: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, int]:
    """A square of CROP cells, the fullest of a few."""
    most = len(decoded) // cell - CROP
    corners = [rng.integers(most + 1, size=2) for _ in range(3)]
    squares = [
        (slice(y * cell, (y + CROP) * cell), slice(x * cell, (x + CROP) * cell)) for y, x in corners
    ]
    square = max(squares, key=lambda square: true[square][::4, ::4, 3].sum(dtype=np.int64))
    return decoded[square], true[square], style


def steps_between(pixels: Array) -> tuple[Array, Array]:
    """How pixels change downwards and to the right."""
    return jnp.diff(pixels, axis=1), jnp.diff(pixels, axis=2)


def edge_strength(pixels: Array) -> Array:
    """How strong the edges are, in windows: [B, H, W, C] -> [B, h, w, 1]."""
    down, right = (jnp.square(step).sum(-1, keepdims=True) for step in steps_between(pixels))
    down = jnp.pad(down, ((0, 0), (0, 1), (0, 0), (0, 0)))
    right = jnp.pad(right, ((0, 0), (0, 0), (0, 1), (0, 0)))
    return jnp.sqrt(square_means(down + right, WINDOW) + 1e-5)


def finishing_loss(finished: Array, true: Array) -> Array:
    """Pixels, colours, steps from pixel to pixel, and how much of edges there is.

    The nearest answer to doubt is a blurred one; the last term asks for as sharp an edge as the
    true one, wherever in its window.
    """
    error = finished - true
    red, green, blue = error[..., 0], error[..., 1], error[..., 2]
    colours = jnp.abs(red - green).mean() + jnp.abs((red + green) / 2 - blue).mean()
    pixels = jnp.abs(error).mean() + jnp.square(error).mean()
    steps = sum(jnp.abs(step).mean() for step in steps_between(error))
    edges = jnp.abs(edge_strength(finished) - edge_strength(true)).mean()
    return pixels + 0.3 * colours + 0.3 * steps + 0.3 * edges


@partial(jax.jit, static_argnames=("finisher", "tx"), donate_argnames="state")
def update(
    state: TrainState,
    batch: tuple[Array, Array, Array],  # drawn crops, true ones, styles
    rate: Array,
    finisher: Finisher,
    tx: optax.GradientTransformation,
) -> tuple[TrainState, dict[str, Array]]:
    """One step."""
    decoded, true, style = batch
    decoded, target = decoded.astype(jnp.float32), to_layer(true.astype(jnp.float32) / 255)

    def loss(params: dict) -> tuple[Array, Array]:
        cleared = finisher.apply({"params": params}, decoded, style, method="clear")
        square_error = jnp.square((cleared - target)[..., :3]).mean((1, 2, 3))
        return finishing_loss(cleared, target), square_error

    (value, square_error), gradients = jax.value_and_grad(loss, has_aux=True)(state.params)
    metrics = {
        "loss": value,
        "psnr": (-10 * jnp.log10(square_error + 1e-10)).mean(),
        "loss_before": finishing_loss(decoded, target),
    }
    return state.after(gradients, tx, EMA_DECAY, rate=rate), metrics


def begin_finisher(
    config: FinisherConfig, tx: optax.GradientTransformation, seed: int
) -> TrainState:
    """Step 0: things as they were drawn."""
    layer, style = jnp.zeros((1, config.cell, config.cell, 4)), jnp.zeros(1, jnp.int32)
    init = partial(Finisher(config).init, method="clear")
    return TrainState.begin(jax.jit(init)(jax.random.key(seed), layer, style)["params"], tx)


def train_finisher(
    folder: Path,
    config: CellTokenizerConfig,
    known: dict[str, Any],  # `codes` and `things`
    lesson: Lesson,
) -> TrainState:
    """Trains in `folder`."""
    network, finisher = CellNetwork(config, fast_dtype()), Finisher(config.finisher)
    new = begin_finisher(config.finisher, optimiser(0.0, 1, 1.0), lesson.seed)
    session = Session(folder, lesson, optimiser, new.params)

    def decode_batch(batch: Batch, key: Array | None) -> Array:
        return decode(network, known, batch.foregrounds, batch.headers, key)

    shown = lesson.held_out
    true = np.asarray(on_grey(to_layer(shown.foregrounds / np.float32(255))))
    decoded = np.concatenate(
        [np.asarray(decode(network, known, *rows, None)) for rows in in_rows(shown, DECODED)]
    )
    clear = jax.jit(lambda params, *x: finisher.apply({"params": params}, *x, method="clear"))

    def evaluate(state: TrainState) -> None:
        finished = np.asarray(on_grey(clear(state.average, decoded, shown.headers[:, 1])))
        before = np.asarray(on_grey(decoded))
        values = {"held_out_psnr": mean_psnr(finished, true)}
        session.run.log(int(state.step), values | {"held_out_psnr_drawn": mean_psnr(before, true)})
        save_versions(folder / "samples.png", (true, before, finished))

    start = session.start
    lessons = pairs(
        decode_batch, lesson.batches(start), start, config.cell, lesson.batch_size, lesson.seed
    )
    return session.train(partial(update, finisher=finisher), lessons, evaluate)


def in_rows(batch: Batch, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Things and headers, `size` pictures at a time."""
    for start in range(0, len(batch.examples), size):
        yield batch.foregrounds[start : start + size], batch.headers[start : start + size]


def on_grey(layer: Array) -> Array:
    """Layers as pictures before a grey ground, 0..1."""
    return jnp.clip(layer[..., :3] + 0.5, 0, 1)


def restore_finisher(folder: Path, config: CellTokenizerConfig) -> dict[str, Any]:
    """The weights that the run in `folder` has learned; before its first step, to add next to
    nothing."""
    state = begin_finisher(config.finisher, optimiser(0.0, 1, 1.0), seed=0)
    return Run(folder).restore(state).average
