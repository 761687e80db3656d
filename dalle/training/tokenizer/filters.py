"""Trains the filters that tint the things and give a whole picture its look, each by itself.

They learn the effect of a tint or a look on decoded pictures. Taught with the look of the
true picture instead, they draw the mean of all lines that might be there, too faint to see.
A filter sees one pixel at a time, so some pixels of some pictures are all that it needs.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from dalle.models.cells.config import CellTokenizerConfig
from dalle.models.cells.decoder import lay_over, mean_colour, opacity
from dalle.models.cells.filters import Filter, describe
from dalle.models.cells.network import CellNetwork
from dalle.models.hardware import fast_dtype
from dalle.training.data import Batch, Lesson
from dalle.training.run import Run, TrainState, learning_rate, train
from dalle.training.scenes.colours import TINTS, tint
from dalle.training.scenes.headers import GROUND_CODES
from dalle.training.scenes.looks import LOOKS
from dalle.training.scenes.places import render_ground
from dalle.training.tokenizer.parts import begin_part, restore_part
from dalle.training.tokenizer.reconstruction import mean_psnr, save_versions

EMA_DECAY = 0.998  # of the weights that are shipped
WARMUP = 60  # steps
PICTURES = 1024  # that are learned from
OF_A_PICTURE = 512  # pixels
AT_ONCE = 2048  # pixels a step, for each choice

Unfiltered = tuple[Array, Array, Array]  # a filter's input beside the choice: see its `change`


@dataclass(frozen=True)
class Course:
    """The task of one of the filters."""

    part: str  # of the decoder
    codes: str  # field of the config with the number of its codes
    choices: tuple[str, ...]  # code 1, 2, ...
    before: Callable[[Array, Array], Unfiltered]  # of drawn things and the ground behind them
    after: Callable[[np.ndarray, str], np.ndarray]  # uint8 [H, W, 4] as chosen, the colours first


@jax.jit
def whole_pictures(layer: Array, ground: Array) -> Unfiltered:
    pictures = jnp.clip(lay_over(layer[..., :3], opacity(layer), ground), -0.5, 0.5)
    return pictures, jnp.ones_like(pictures[..., :1]), pictures.mean((1, 2))


def give_look(picture: np.ndarray, name: str) -> np.ndarray:
    return LOOKS[name][0](picture[..., :3])


@jax.jit
def things_alone(layer: Array, ground: Array) -> Unfiltered:
    return layer[..., :3], opacity(layer), mean_colour(layer)


TINT = Course("dye", "tints", TINTS, things_alone, tint)
LOOK = Course("finish", "looks", tuple(LOOKS), whole_pictures, give_look)
COURSES = {course.codes: course for course in (TINT, LOOK)}


def optimiser(peak: float, steps: int, cooldown: float) -> optax.GradientTransformation:
    return optax.adam(learning_rate(peak, WARMUP, steps, cooldown), b2=0.99)


@partial(jax.jit, static_argnames="network")
def decode_things(
    known: dict[str, Any],  # `codes` and `things`
    things: Array,  # uint8 [B, H, W, 4]
    headers: Array,  # [B, 4]
    network: CellNetwork,
) -> Array:
    """The things as the decoder draws them, in their own colours: [B, H, W, 4]."""
    variables = {"params": {"codes": known["codes"], "decoder": {"things": known["things"]}}}
    rgba = things.astype(jnp.float32) / 255
    codes = network.apply(variables, rgba, headers, method="encode_layers")
    return network.apply(variables, codes, method="decode_things")


def unfiltered(
    course: Course, batch: Batch, known: dict[str, Any], network: CellNetwork
) -> tuple[Unfiltered, np.ndarray]:
    """The filter's inputs, and the same as pictures, uint8 [B, H, W, 4]."""
    layer = decode_things(known, batch.foregrounds, batch.headers, network)
    grounds = np.stack([render_ground(GROUND_CODES[header[3]]) for header in batch.headers])
    pixels, alpha, tone = course.before(layer, grounds / np.float32(255) - 0.5)
    colours = pixels / jnp.maximum(alpha, 1e-3) + 0.5
    rgba = jnp.clip(jnp.concatenate([colours, alpha], -1), 0, 1)
    return (pixels, alpha, tone), np.asarray(jnp.round(255 * rgba).astype(jnp.uint8))


def as_chosen(course: Course, picture: np.ndarray, name: str) -> np.ndarray:
    """Uint8 [H, W, 4] -> the filter's target, around 0, [H, W, 3] float32."""
    colours = course.after(picture, name)[..., :3] / np.float32(255) - 0.5
    return colours * (picture[..., 3:] / np.float32(255))


@dataclass(frozen=True)
class Pixels:
    """Opaque pixels, and their targets for each choice."""

    described: np.ndarray  # [pixels, features]
    targets: np.ndarray  # [choices, pixels, 3], around 0

    @classmethod
    def of(
        cls,
        batches: Iterable[Batch],
        course: Course,
        known: dict[str, Any],
        network: CellNetwork,
        seed: int,
    ) -> Self:
        rng, described, targets = np.random.default_rng(seed), [], []
        for batch in batches:
            before, pictures = unfiltered(course, batch, known, network)
            for all_described, picture in zip(np.asarray(describe(*before)), pictures, strict=True):
                chosen = rng.choice(np.flatnonzero(picture[..., 3]), OF_A_PICTURE)
                described.append(all_described[chosen])
                changed = [as_chosen(course, picture, name) for name in course.choices]
                targets.append(np.stack(changed).reshape(len(changed), -1, 3)[:, chosen])
        return cls(np.concatenate(described), np.concatenate(targets, 1))

    def sample(self, start: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """From a step on: inputs [choices, n, features] and their targets [choices, n, 3]."""
        choices, pixels, _ = self.targets.shape
        for step in count(start):
            chosen = np.random.default_rng((seed, step)).integers(pixels, size=(choices, AT_ONCE))
            yield self.described[chosen], self.targets[np.arange(choices)[:, None], chosen]


@partial(jax.jit, static_argnames=("network", "tx"), donate_argnames="state")
def update(
    state: TrainState,
    batch: tuple[Array, Array],  # [choices, n, features] and [choices, n, 3]
    network: Filter,
    tx: optax.GradientTransformation,
) -> tuple[TrainState, dict[str, Array]]:
    """One step."""
    described, target = batch
    choice = 1 + jnp.arange(len(described))
    pixels, alpha = described[..., :3], described[..., 3:4]

    def loss(params: dict) -> tuple[Array, Array]:
        change = network.apply({"params": params}, described, choice, method="changes")
        error = pixels + alpha * change - target
        return jnp.abs(error).mean() + 2 * jnp.square(error).mean(), jnp.square(error).mean((1, 2))

    (value, square_error), gradients = jax.value_and_grad(loss, has_aux=True)(state.params)
    metrics = {"loss": value, "psnr": (-10 * jnp.log10(square_error + 1e-10)).mean()}
    return state.after(gradients, tx, EMA_DECAY), metrics


@partial(jax.jit, static_argnames="network")
def change(network: Filter, params: dict, before: Unfiltered, choice: Array) -> Array:
    """The pictures as chosen, [B, H, W, 3] around 0."""
    pixels, alpha, tone = before
    return network.apply({"params": params}, pixels, alpha, choice, tone)


def train_filter(
    folder: Path,
    config: CellTokenizerConfig,
    course: Course,
    known: dict[str, Any],  # `codes` and `things`
    lesson: Lesson,
) -> TrainState:
    """Trains in `folder`."""
    cells = CellNetwork(config, fast_dtype())
    network = Filter(getattr(config, course.codes), config.filter_width)
    tx = optimiser(lesson.peak, lesson.steps, lesson.cooldown)
    run = Run(folder)
    state = run.restore(begin_part(config, course.part, tx, lesson.seed))
    start = int(state.step)
    before, pictures = unfiltered(course, lesson.held_out, known, cells)
    choice = np.arange(len(pictures)) % len(course.choices) + 1
    names = [course.choices[code - 1] for code in choice]
    true = np.stack([as_chosen(course, *each) for each in zip(pictures, names, strict=True)])

    def evaluate(state: TrainState) -> None:
        versions = before[0], true, change(network, state.average, before, choice)
        versions = [np.clip(np.asarray(version) + 0.5, 0, 1) for version in versions]
        run.log(int(state.step), {"held_out_psnr": mean_psnr(versions[2], versions[1])})
        save_versions(folder / "samples.png", versions)

    def lessons() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        batches = islice(lesson.batches(0), PICTURES // lesson.batch_size)
        pixels = Pixels.of(batches, course, known, cells, lesson.seed)
        yield from pixels.sample(start, lesson.seed)

    return train(
        run,
        state,
        lambda state, batch: update(state, batch, network, tx),
        lessons(),
        steps=lesson.steps,
        batch_size=AT_ONCE * len(course.choices),
        unit="pixel",
        evaluate=evaluate,
    )


def restore_filter(folder: Path, config: CellTokenizerConfig, course: Course) -> dict[str, Any]:
    """The weights that the run in `folder` has learned; before its first step, to change next to
    nothing."""
    return restore_part(folder, config, course.part, optimiser(0.0, 1, 1.0))
