"""Trains the small VQGAN that tests of rounding need: random weights have no natural statistics.

    python -m tests.models.vqgan.train_small --minutes 45

The architecture is the published one with 64 channels at three levels, for pictures of 64 pixels:
crops of the scenes of training (arxiv.org/abs/2012.09841, without the adversary). The codebook is
drawn once and stays: 1,024 points of four dimensions lie close enough, and none of them dies.
"""

import argparse
import dataclasses
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from PIL import Image

from dalle.generation.pictures import SHEET_GAP
from dalle.models.checkpoints.checkpoint import write_params
from dalle.models.loading import without
from dalle.models.vqgan.config import VqganConfig
from dalle.models.vqgan.network import Vqgan, VqganModule
from dalle.serving.page.examples import FOLDER, PROMPTS, file_name
from dalle.training.clock import Clock, rate_now
from dalle.training.data import SceneExamples, prefetch
from dalle.training.run import Run, TrainState, train
from dalle.training.scenes.sprites import open_sprites

CONFIG = VqganConfig(
    resolution=64,
    ch=64,
    ch_mult=(1, 1, 1),
    num_res_blocks=1,
    attn_resolutions=(16,),
    z_channels=64,
    embed_dim=4,
    n_embed=1024,
)
RUN = Path(".runs/small-vqgan")
SHIPPED = Path(__file__).parents[2] / "fixtures" / "vqgan-small"
CODES = "codes.npy"
SIDE = 384  # pixels of a picture of the examples
BATCH = 8
PEAK = 1e-3
COMMITMENT = 0.25
EMA_DECAY = 0.999
COOLDOWN = 0.4  # of the minutes, in which the rate falls


def reconstruct(module: VqganModule, pixels: Array) -> tuple[Array, Array]:
    """Pictures through their codes, and how far the encoder's vectors are from those."""
    z = module.quant_conv(module.encoder(pixels))
    table = jax.lax.stop_gradient(module.quantize.embedding(jnp.arange(CONFIG.n_embed)))
    codes = module.quantize.nearest(jax.lax.stop_gradient(z).reshape(-1, CONFIG.embed_dim))
    nearest = table[codes].reshape(z.shape)
    straight = z + jax.lax.stop_gradient(nearest - z)
    return module.decoder(module.post_quant_conv(straight)), jnp.square(z - nearest).mean()


@partial(jax.jit, static_argnames="tx", donate_argnames="state")
def update(
    state: TrainState, pixels: Array, rate: Array, tx: optax.GradientTransformation
) -> tuple[TrainState, dict[str, Array]]:
    """One step over uint8 [B, H, W, 3]."""
    true = pixels.astype(jnp.float32) / 255

    def loss(params: dict) -> tuple[Array, Array]:
        variables = {"params": params}
        drawn, distance = VqganModule(CONFIG).apply(variables, true, method=reconstruct)
        square = jnp.square(drawn - true).mean()
        return jnp.abs(drawn - true).mean() + square + COMMITMENT * distance, square

    (value, square), gradients = jax.value_and_grad(loss, has_aux=True)(state.params)
    metrics = {"loss": value, "psnr": -10 * jnp.log10(square)}
    return state.after(gradients, tx, EMA_DECAY, rate=rate), metrics


def crops(start: int) -> Iterator[np.ndarray]:
    """Batches of squares of the scenes, from a step on."""
    examples = SceneExamples(open_sprites(), "full", composed=True)
    for number, batch in enumerate(prefetch(examples, start, BATCH), start):
        size = batch.pictures.shape[1] - CONFIG.resolution + 1
        row, column = np.random.default_rng(number).integers(size, size=2)
        side = CONFIG.resolution
        yield batch.pictures[:, row : row + side, column : column + side]


def new_params() -> dict[str, Any]:
    pixels = jnp.zeros((1, CONFIG.resolution, CONFIG.resolution, 3))
    params = VqganModule(CONFIG).init(jax.random.key(0), pixels)["params"]
    shape = (CONFIG.n_embed, CONFIG.embed_dim)
    params["quantize"]["embedding"]["embedding"] = jax.random.normal(jax.random.key(1), shape)
    return params


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=45, help="of training, in all")
    minutes = parser.parse_args().minutes
    run = Run(RUN)
    clock = Clock(minutes, COOLDOWN, run.seconds)
    tx = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(PEAK, b2=0.99))
    state = run.restore(TrainState.begin(new_params(), tx))
    state = train(
        run,
        state,
        lambda state, batch: update(state, batch, rate_now(clock), tx=tx),
        crops(int(state.step)),
        steps=10**9,
        batch_size=BATCH,
        evaluate=lambda state: None,
        clock=clock,
    )
    if not clock.is_over:
        return
    ship(jax.tree.map(np.asarray, state.average))


def ship(params: dict[str, Any]) -> None:
    """Writes the decoder, and the codes of the pictures in assets/examples: uint16 [P, 9, T]."""
    published = dataclasses.asdict(CONFIG) | {"num_resolutions": len(CONFIG.ch_mult)}
    decoder = without(params, CONFIG.READERS)
    write_params(SHIPPED, decoder, published, dtype=jnp.int8, exact=("quantize",), bits=6)
    vqgan = Vqgan.from_params(CONFIG, params)
    codes = [vqgan.encode(nine_of(prompt)) for prompt in prompts()]
    np.save(SHIPPED / CODES, np.stack(codes).astype(np.uint16))


def prompts() -> list[str]:
    """Those of the examples."""
    return (FOLDER / PROMPTS).read_text("utf-8").splitlines()


def nine_of(prompt: str) -> np.ndarray:
    """The pictures of an example, [9, H, W, 3] float32 in 0..1."""
    size = CONFIG.resolution, CONFIG.resolution
    with Image.open(FOLDER / file_name(prompt)) as sheet:
        places = [SHEET_GAP + (SHEET_GAP + SIDE) * number for number in range(3)]
        corners = [(x, y) for y in places for x in places]
        parts = [sheet.crop((x, y, x + SIDE, y + SIDE)).convert("RGB") for x, y in corners]
    return np.stack([np.asarray(part.resize(size)) for part in parts]).astype(np.float32) / 255


if __name__ == "__main__":
    main()
