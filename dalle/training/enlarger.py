"""Trains the enlarger: scenes at twice the size, and the same scenes made small.

The small ones are made in several ways, as nobody knows how a picture came to its size.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from PIL import Image

from dalle.models.enlarger.network import EnlargerNetwork
from dalle.models.resampling import twice
from dalle.training.run import Run, TrainState, learning_rate, train
from dalle.training.scenes.composer import SceneComposer
from dalle.training.scenes.grid import over
from dalle.training.scenes.places import render_ground
from dalle.training.scenes.sharp import SCALE, SharpSprites
from dalle.training.scenes.sprites import SpriteLibrary

EMA_DECAY = 0.995  # of the weights that are shipped
WARMUP = 100  # steps
CROP = 40  # pixels a side of a small crop
PICTURES = 512  # that are kept; a new one takes the place of an old one at each step
FIRST = 64  # of them before the first step
HELD_OUT_SEED, HELD_OUT = 1_000_003, 20
STAGE = "full"  # of scenes
FILTERS = (Image.Resampling.BOX, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)


def scenes(library: SpriteLibrary, sprites: SharpSprites, seed: int) -> Iterator[np.ndarray]:
    """Scenes without tints and looks, uint8 [384, 384, 3]."""
    composer = SceneComposer(library, STAGE, seed)
    index = 0
    while True:
        scene = composer.compose(index)
        yield over(sprites.lay(scene), render_ground(scene.ground, SCALE))
        index += 1


def make_small(picture: np.ndarray, filter_: Image.Resampling) -> np.ndarray:
    """Half as large, uint8 [H / 2, W / 2, 3]."""
    height, width, _ = picture.shape
    return np.asarray(Image.fromarray(picture).resize((width // 2, height // 2), filter_))


def crop(picture: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A small crop [CROP, CROP, 3] and the true one, mirrored and turned anyhow.

    Of a few places the liveliest: a flat ground teaches nothing.
    """
    most = (len(picture) // 2 - CROP) + 1
    corners = [2 * rng.integers(most, size=2) for _ in range(3)]
    crops = [picture[y : y + 2 * CROP, x : x + 2 * CROP] for y, x in corners]
    true = max(crops, key=lambda each: each[::4, ::4].std())
    true = np.rot90(true[:, :: rng.choice((-1, 1))], rng.integers(4))
    return make_small(np.ascontiguousarray(true), FILTERS[rng.integers(len(FILTERS))]), true


def pairs(
    pictures: Iterator[np.ndarray], start: int, size: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """From a step on: small crops and true ones in uint8, `size` of each."""
    pool = [next(pictures) for _ in range(FIRST)]
    step = start
    while True:
        rng = np.random.default_rng((seed, step))
        picture = next(pictures)
        if len(pool) < PICTURES:
            pool.append(picture)
        else:
            pool[rng.integers(PICTURES)] = picture
        crops = [crop(pool[at], rng) for at in rng.integers(len(pool), size=size)]
        yield tuple(np.stack(part) for part in zip(*crops, strict=True))
        step += 1


def psnr(larger: Array, true: Array) -> Array:
    """Decibels of pictures [B, H, W, 3] in 0..1, in the mean."""
    error = jnp.square(jnp.clip(larger, 0, 1) - true).mean((1, 2, 3))
    return (-10 * jnp.log10(error + 1e-6)).mean()


@partial(jax.jit, static_argnames="tx", donate_argnames="state")
def update(
    state: TrainState, batch: tuple[Array, Array], tx: optax.GradientTransformation
) -> tuple[TrainState, dict[str, Array]]:
    """One step on small crops [B, h, w, 3] and true ones [B, 2 h, 2 w, 3], uint8."""
    small, true = (part.astype(jnp.float32) / 255 for part in batch)

    def loss(params: dict) -> tuple[Array, Array]:
        larger = EnlargerNetwork().apply({"params": params}, small)
        return jnp.sqrt(jnp.square(larger - true) + 1e-6).mean(), psnr(larger, true)

    (value, decibels), gradients = jax.value_and_grad(loss, has_aux=True)(state.params)
    before = psnr(twice(small), true)
    metrics = {"loss": value, "psnr": decibels, "psnr_bicubic": before}
    return state.after(gradients, tx, EMA_DECAY), metrics


def train_enlarger(
    folder: Path,
    library: SpriteLibrary,
    sprites: SharpSprites,
    *,
    steps: int,
    batch_size: int,
    peak: float,
    cooldown: float,
    seed: int = 0,
) -> TrainState:
    """Trains in `folder`."""
    tx = optax.chain(
        optax.clip_by_global_norm(1.0), optax.adam(learning_rate(peak, WARMUP, steps, cooldown))
    )
    blank = jnp.zeros((1, CROP, CROP, 3))
    params = jax.jit(EnlargerNetwork().init)(jax.random.key(seed), blank)["params"]
    run = Run(folder)
    state = run.restore(TrainState.begin(params, tx))
    held_out = scenes(library, sprites, HELD_OUT_SEED)
    true = np.stack([next(held_out) for _ in range(HELD_OUT)])
    small = np.stack([make_small(picture, Image.Resampling.BICUBIC) for picture in true])
    true, small = (part.astype(np.float32) / 255 for part in (true, small))
    run_network = jax.jit(lambda params, x: EnlargerNetwork().apply({"params": params}, x))

    def evaluate(state: TrainState) -> None:
        larger = jnp.concatenate([run_network(state.average, each[None]) for each in small])
        values = {"held_out_psnr": psnr(larger, true), "held_out_bicubic": psnr(twice(small), true)}
        run.log(int(state.step), {name: float(value) for name, value in values.items()})

    start = int(state.step)
    # Another seed for each call, as scenes are composed from the first one on.
    shown = scenes(library, sprites, seed + start)
    return train(
        run,
        state,
        partial(update, tx=tx),
        pairs(shown, start, batch_size, seed),
        steps=steps,
        batch_size=batch_size,
        evaluate=evaluate,
    )
