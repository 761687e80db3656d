"""Trains the cell tokeniser: its codes are found once, then the decoder learns to draw them.

Errors are also counted in opponent colours and on coarse means, else pure colours turn grey.
"""

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

from dalle.models.cells import CellNetwork, CellTokenizer
from dalle.models.config import CellTokenizerConfig
from dalle.training.codes import find_codes
from dalle.training.runs import Run, average_step, learning_rate, train

EMA_DECAY = 0.999  # of the weights that are shipped
WARMUP = 100  # steps
CODE_BATCHES = 400  # batches whose cells the codes are found from


@struct.dataclass
class VqState:
    step: Array
    codes: dict[str, Any]  # `encoder` and `quantize`, which do not change
    decoder: dict[str, Any]
    average: dict[str, Any]  # running mean of the decoder
    optimiser: Any

    def shipped(self) -> dict[str, Any]:
        return self.codes | {"decoder": self.average}


def optimiser(peak: float, steps: int) -> optax.GradientTransformation:
    schedule = learning_rate(peak, WARMUP, steps, cooldown=0.3)
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, b2=0.99))


def new_state(network: CellNetwork, tx: optax.GradientTransformation, seed: int) -> VqState:
    config = network.config
    pixels = jnp.zeros((1, config.resolution, config.resolution, 3))
    params = dict(jax.jit(network.init)(jax.random.key(seed), pixels)["params"])
    decoder = params.pop("decoder")
    average = jax.tree.map(jnp.copy, decoder)  # its own buffers: the state is donated
    return VqState(jnp.int32(0), params, decoder, average, tx.init(decoder))


def coarse(x: Array) -> Array:
    """Means of 8x8 pixels: [B, H, W, C] -> [B, H / 8, W / 8, C]."""
    rows, height, width, channels = x.shape
    return x.reshape(rows, height // 8, 8, width // 8, 8, channels).mean((2, 4))


def reconstruction_loss(error: Array) -> Array:
    """How bad a picture's error [B, H, W, 3] looks: pixels, colours, coarse means and edges."""
    red, green, blue = error[..., 0], error[..., 1], error[..., 2]
    colours = jnp.abs(red - green).mean() + jnp.abs((red + green) / 2 - blue).mean()
    edges = jnp.abs(jnp.diff(error, axis=1)).mean() + jnp.abs(jnp.diff(error, axis=2)).mean()
    pixels = jnp.abs(error).mean() + 2 * jnp.square(error).mean()
    return pixels + 0.5 * colours + 0.5 * jnp.abs(coarse(error)).mean() + 0.5 * edges


@partial(jax.jit, static_argnames=("network", "tx"), donate_argnames="state")
def update(
    state: VqState,
    pixels: Array,  # [B, H, W, 3] uint8
    network: CellNetwork,
    tx: optax.GradientTransformation,
) -> tuple[VqState, dict[str, Array]]:
    """One step of the decoder."""
    pixels = pixels.astype(jnp.float32) / 255
    codes = network.apply({"params": state.codes}, pixels, method="encode")

    def loss(decoder: dict) -> tuple[Array, Array]:
        params = state.codes | {"decoder": decoder}
        error = network.apply({"params": params}, codes, method="decode") - pixels
        return reconstruction_loss(error), jnp.square(error).mean((1, 2, 3))

    (value, square_error), gradients = jax.value_and_grad(loss, has_aux=True)(state.decoder)
    changes, tx_state = tx.update(gradients, state.optimiser, state.decoder)
    decoder = optax.apply_updates(state.decoder, changes)
    average = average_step(state.average, decoder, state.step, EMA_DECAY)
    metrics = {"loss": value, "psnr": (-10 * jnp.log10(square_error)).mean()}
    return VqState(state.step + 1, state.codes, decoder, average, tx_state), metrics


def draw_reconstructions(path: Path, tokeniser: CellTokenizer, pixels: np.ndarray) -> float:
    """Originals above reconstructions, as a PNG; returns the mean PSNR in dB."""
    codes = tokeniser.encode(jnp.asarray(pixels, jnp.float32) / 255)
    made = np.asarray(jnp.clip(tokeniser.decode(codes), 0, 1))
    error = np.square(made - pixels / 255.0).mean((1, 2, 3))
    rows = []
    for start in range(0, len(pixels) - 7, 8):
        rows += [np.concatenate(list(pixels[start : start + 8]), 1)]
        rows += [np.concatenate(list((made[start : start + 8] * 255).round().astype("u1")), 1)]
    Image.fromarray(np.concatenate(rows)).save(path, format="png")
    return float((-10 * np.log10(error)).mean())


def train_tokeniser(
    folder: Path,
    config: CellTokenizerConfig,
    batches: Any,
    held_out: np.ndarray,  # [N, H, W, 3] uint8, never trained on
    *,
    steps: int,
    batch_size: int,
    peak: float = 1e-3,
    seed: int = 0,
) -> VqState:
    """Trains to `steps` in `folder`; `batches(start)` yields (pixels, captions) from a step on."""
    network, tx = CellNetwork(config, jnp.bfloat16), optimiser(peak, steps)
    run = Run(folder)
    state = run.restore(new_state(network, tx, seed))
    if int(state.step) == 0 and steps > 0:
        shown = batches(0)
        pixels = np.concatenate([next(shown)[0] for _ in range(CODE_BATCHES)])
        codes = jax.tree.map(jnp.asarray, find_codes(pixels, config, seed))
        state = state.replace(codes=codes, step=jnp.int32(1))
        run.save(state)

    def draw_samples(state: VqState) -> None:
        tokeniser = CellTokenizer(config, state.shipped(), jnp.bfloat16)
        psnr = draw_reconstructions(folder / "samples.png", tokeniser, held_out)
        run.log(int(state.step), {"held_out_psnr": psnr})

    return train(
        run,
        state,
        lambda state, batch: update(state, batch[0], network, tx),
        batches(int(state.step)),
        steps=steps,
        batch_size=batch_size,
        draw_samples=draw_samples,
    )


def restore_tokeniser(folder: Path, config: CellTokenizerConfig) -> CellTokenizer:
    """What the run in `folder` would ship now."""
    network = CellNetwork(config, jnp.bfloat16)
    state = Run(folder).restore(new_state(network, optimiser(0.0, 1), seed=0))
    return CellTokenizer(config, state.shipped(), jnp.bfloat16)
