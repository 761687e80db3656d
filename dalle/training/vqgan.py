"""Trains the cell tokeniser: pictures to codes and back.

Three lessons are built in. The first steps are not quantised and the codebook is then filled with
encoder outputs, else most codes are never used. Errors are also counted in opponent colours
and on coarse means, else pure colours turn grey. Codes that fall out of use are given new places.
"""

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import struct
from jax import Array, lax
from PIL import Image

from dalle.models.cells import CellNetwork, CellTokenizer, nearest, unit
from dalle.models.config import CellTokenizerConfig
from dalle.training.runs import Run, average_step, learning_rate, train

EMA_DECAY = 0.999  # of the weights that are shipped
CODE_DECAY = 0.99  # of the running mean behind each code
WARMUP = 100  # steps without quantisation
REVIVE_EVERY = 25  # steps between looks for unused codes
DEAD = 0.02  # assignments a step below which a code counts as unused


@struct.dataclass
class VqState:
    step: Array
    params: dict[str, Any]
    average: dict[str, Any]  # running mean of params
    optimiser: Any
    counts: Array  # [V] assignments a step, running mean
    sums: Array  # [V, E] running sum of the vectors assigned to each code

    def shipped(self) -> dict[str, Any]:
        """The averaged decoder with the codes of today: sequence models were trained on those."""
        return self.params | {"decoder": self.average["decoder"]}


def optimiser(peak: float, steps: int) -> optax.GradientTransformation:
    schedule = learning_rate(peak, WARMUP, steps, cooldown=0.3)
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, b2=0.99))


def new_state(network: CellNetwork, tx: optax.GradientTransformation, seed: int) -> VqState:
    config = network.config
    pixels = jnp.zeros((1, config.resolution, config.resolution, 3))
    params = jax.jit(network.init)(jax.random.key(seed), pixels)["params"]
    return VqState(
        step=jnp.int32(0),
        params=params,
        average=jax.tree.map(jnp.copy, params),  # its own buffers: the state is donated
        optimiser=tx.init(params),
        counts=jnp.ones(config.n_embed),
        sums=jnp.copy(params["quantize"]["embedding"]),
    )


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


def loss(params: dict, network: CellNetwork, pixels: Array, quantised: Array) -> tuple[Array, dict]:
    """The reconstruction loss of [B, H, W, 3] in 0..1, and the vectors and codes behind it."""
    apply = partial(network.apply, {"params": params})
    vectors = apply(pixels, method=lambda net, x: net.encoder(x))
    codebook = params["quantize"]["embedding"]
    codes = nearest(lax.stop_gradient(vectors), codebook)
    found = lax.stop_gradient(codebook[codes])
    commitment = jnp.square(vectors - found).sum(-1).mean()
    # Straight-through: the decoder sees the code, the gradient goes to the encoder's vector.
    passed = jnp.where(quantised, vectors + lax.stop_gradient(found - vectors), vectors)
    error = apply(passed, method=lambda net, v: net.decoder(v)) - pixels
    total = reconstruction_loss(error) + 0.1 * jnp.where(quantised, commitment, 0.0)
    return total, {
        "vectors": vectors.reshape(-1, vectors.shape[-1]),
        "codes": codes.reshape(-1),
        "square_error": jnp.square(error).mean((1, 2, 3)),
    }


@partial(jax.jit, static_argnames=("network", "tx", "decoder_only"), donate_argnames="state")
def update(
    state: VqState,
    pixels: Array,  # [B, H, W, 3] uint8
    network: CellNetwork,
    tx: optax.GradientTransformation,
    decoder_only: bool,
) -> tuple[VqState, dict[str, Array]]:
    """One step; with `decoder_only` encoder and codebook, and so all codes, stay as they are."""
    quantised = state.step >= WARMUP
    gradient = jax.value_and_grad(loss, has_aux=True)
    pixels = pixels.astype(jnp.float32) / 255
    (value, seen), gradients = gradient(state.params, network, pixels, quantised)
    changes, tx_state = tx.update(gradients, state.optimiser, state.params)
    params = optax.apply_updates(state.params, changes)

    if decoder_only:
        params = state.params | {"decoder": params["decoder"]}
        counts, sums = state.counts, state.sums
    else:
        codebook, counts, sums = move_codes(state, seen["codes"], seen["vectors"])
        params = params | {"quantize": {"embedding": codebook}}
    average = average_step(state.average, params, state.step, EMA_DECAY)
    metrics = {
        "loss": value,
        "psnr": (-10 * jnp.log10(seen["square_error"])).mean(),
        "codes": (counts > DEAD).mean(),
    }
    return VqState(state.step + 1, params, average, tx_state, counts, sums), metrics


def move_codes(state: VqState, codes: Array, vectors: Array) -> tuple[Array, Array, Array]:
    """The codebook follows the means of its vectors instead of a gradient (EMA of VQ-VAE)."""
    used = jnp.zeros_like(state.counts).at[codes].add(1.0)
    added = jnp.zeros_like(state.sums).at[codes].add(vectors)
    counts = CODE_DECAY * state.counts + (1 - CODE_DECAY) * used
    sums = CODE_DECAY * state.sums + (1 - CODE_DECAY) * added
    return unit(sums), counts, sums


def place_codes(state: VqState, pixels: np.ndarray, network: CellNetwork, rng: Any) -> VqState:
    """Fills the codebook after the warm-up, and gives codes out of use the worst-served vectors."""
    config = network.config
    vectors = encode_vectors(state.params, jnp.asarray(pixels, jnp.float32) / 255, network)
    vectors = np.unique(np.asarray(vectors).reshape(-1, config.embed_dim).round(4), axis=0)
    counts, sums = np.array(state.counts), np.array(state.sums)
    first = int(state.step) == WARMUP
    dead = np.flatnonzero((counts < DEAD) | first)
    codebook = np.array(state.params["quantize"]["embedding"])
    distance = 1 - (vectors @ codebook.T).max(1) if not first else np.ones(len(vectors))
    chance = (distance + 1e-6) / (distance + 1e-6).sum()
    size = min(len(dead), len(vectors))
    chosen = vectors[rng.choice(len(vectors), size, replace=False, p=chance)]
    codebook[dead[:size]] = chosen
    # A new place starts just above the limit, and keeps it only by being used.
    counts[dead[:size]] = 2 * DEAD
    sums[dead[:size]] = 2 * DEAD * chosen
    if first:
        sums = codebook * counts[:, None]
    params = state.params | {"quantize": {"embedding": jnp.asarray(codebook)}}
    return state.replace(params=params, counts=jnp.asarray(counts), sums=jnp.asarray(sums))


@partial(jax.jit, static_argnames="network")
def encode_vectors(params: dict, pixels: Array, network: CellNetwork) -> Array:
    return network.apply({"params": params}, pixels, method=lambda net, x: net.encoder(x))


@partial(jax.jit, static_argnames="network")
def reconstruct(params: dict, pixels: Array, network: CellNetwork) -> Array:
    return jnp.clip(network.apply({"params": params}, pixels), 0, 1)


def draw_reconstructions(path: Path, params: dict, pixels: np.ndarray, network: Any) -> float:
    """Originals above reconstructions, as a PNG; returns the mean PSNR in dB."""
    made = np.asarray(reconstruct(params, jnp.asarray(pixels, jnp.float32) / 255, network))
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
    decoder_only: bool = False,
) -> VqState:
    """Trains to `steps` in `folder`; `batches(start)` yields (pixels, captions) from a step on."""
    network, tx = CellNetwork(config, jnp.bfloat16), optimiser(peak, steps)
    run = Run(folder)
    state = run.restore(new_state(network, tx, seed))

    def revive(state: VqState, batch: tuple) -> VqState:
        step = int(state.step)
        if decoder_only or step < WARMUP or (step - WARMUP) % REVIVE_EVERY or step > 0.7 * steps:
            return state
        return place_codes(state, batch[0], network, np.random.default_rng((seed, step)))

    def draw_samples(state: VqState) -> None:
        path = folder / "samples.png"
        psnr = draw_reconstructions(path, state.shipped(), held_out, network)
        run.log(int(state.step), {"held_out_psnr": psnr})

    return train(
        run,
        state,
        lambda state, batch: update(state, batch[0], network, tx, decoder_only),
        batches(int(state.step)),
        steps=steps,
        batch_size=batch_size,
        draw_samples=draw_samples,
        between=revive,
    )


def restore_tokeniser(folder: Path, config: CellTokenizerConfig) -> CellTokenizer:
    """What the run in `folder` would ship now."""
    network = CellNetwork(config, jnp.bfloat16)
    state = Run(folder).restore(new_state(network, optimiser(0.0, 1), seed=0))
    return CellTokenizer(config, state.shipped(), jnp.bfloat16)
