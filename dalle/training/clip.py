"""Trains CLIP on the same pictures: which caption goes with which picture.

Beside the other captions of a batch every picture is held against its own caption with one word
changed (another colour, another number, the other side): without these, finding the right thing
is enough and the ranking learns nothing finer. Every caption is also held against pictures of the
batch in which some cells are wrong. Half of the pictures have been through the image tokeniser,
because what will be ranked has been too.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from dalle.models.cells import CellTokenizer
from dalle.models.clip import ClipModule
from dalle.models.clip_preprocess import ClipPreprocessing
from dalle.models.config import ClipConfig
from dalle.models.hardware import fast_dtype
from dalle.training.bart import codes_of
from dalle.training.broken import break_codes
from dalle.training.colours import COLOUR_NAMES, COLOURS
from dalle.training.data import Batch, Lesson
from dalle.training.muon import muon_with_adam
from dalle.training.runs import Run, TrainState, learning_rate, train

EMA_DECAY = 0.999  # of the weights that are shipped
WARMUP = 50  # steps
MUON_RATE = 10  # times the rate of Adam
LARGEST_SCALE = 4.6052  # ln 100, as in the original
SYNONYMS = tuple(COLOUR_NAMES.get(colour, (colour,)) for colour in COLOURS)
SWAPS = (
    # Longer names first, or "light blue" would be found as "blue".
    tuple(sorted((name for names in SYNONYMS for name in names), key=len, reverse=True)),
    ("two", "three", "four", "five"),
    ("above", "below", "under"),
    ("big", "small"),
)


def optimiser(peak: float, steps: int, cooldown: float) -> optax.GradientTransformation:
    """Muon for the layers' products; Adam at `peak` for embeddings, projections and norms."""
    return muon_with_adam(
        learning_rate(peak, WARMUP, steps, cooldown),
        MUON_RATE,
        lambda name, leaf: "/layers/" in name and name.endswith("kernel"),
        b2=0.98,
    )


def contrary(caption: str, rng: np.random.Generator) -> str:
    """The caption with one telling word changed; "" (which fits nothing) where it has none."""
    found = [
        (match, words)
        for words in SWAPS
        for match in re.finditer(rf"\b({'|'.join(map(re.escape, words))})\b", caption)
    ]
    if not found:
        return ""
    match, words = found[rng.integers(len(found))]
    other = words[rng.integers(len(words))]
    # A synonym of the same colour would be no contrary.
    if other == match[0] or any({other, match[0]} <= set(names) for names in SYNONYMS):
        return ""
    return caption[: match.start()] + other + caption[match.end() :]


def contrastive_loss(
    params: dict, network: ClipModule, pixel_values: Array, ids: Array, mask: Array
) -> tuple[Array, tuple[Array, Array]]:
    """Cross-entropy both ways; texts are [2B]: the captions, then their contraries.

    Pictures are [B + K]: those of the captions, then the first K of them with wrong cells. Also
    returns the share of pictures whose own caption is the likeliest of the 2B, and the share of
    the K whose caption likes the whole picture better.
    """
    everything = network.apply({"params": params}, pixel_values, ids, mask)  # [B + K, 2B]
    scores, broken = jnp.split(everything, [len(ids) // 2])
    right = jnp.arange(len(scores))
    # An empty contrary is no competitor.
    empty = mask.sum(1) <= 2
    scores = jnp.where(empty[None] & (jnp.arange(len(ids)) >= len(scores))[None], -1e9, scores)
    by_picture = optax.softmax_cross_entropy_with_integer_labels(scores, right)
    by_text = optax.softmax_cross_entropy_with_integer_labels(everything[:, : len(scores)].T, right)
    found = (scores.argmax(1) == right).mean()
    whole = (jnp.diagonal(scores)[: len(broken)] > jnp.diagonal(broken)).mean()
    return (by_picture.mean() + by_text.mean()) / 2, (found, whole)


@partial(jax.jit, static_argnames=("network", "tx"), donate_argnames="state")
def update(
    state: TrainState, batch: tuple, network: ClipModule, tx: optax.GradientTransformation
) -> tuple[TrainState, dict[str, Array]]:
    """One step on (pixel_values [B + K, H, W, 3], ids [2B, S], mask [2B, S])."""
    gradient = jax.value_and_grad(contrastive_loss, has_aux=True)
    (value, (found, whole)), gradients = gradient(state.params, network, *batch)

    def limit(params: dict) -> dict:
        return params | {"logit_scale": jnp.minimum(params["logit_scale"], LARGEST_SCALE)}

    metrics = {"loss": value, "right": found, "whole": whole}
    return state.after(gradients, tx, EMA_DECAY, limit), metrics


@partial(jax.jit, static_argnames=("size", "preprocessing"))
def prepare_pictures(pixels: Array, size: int, preprocessing: ClipPreprocessing) -> Array:
    """Pictures [B, H, W, 3] in 0..1 -> pixel_values [B, size, size, 3], as `Clip.preprocess`."""
    pixels = jax.image.resize(pixels, (len(pixels), size, size, 3), "cubic", antialias=True)
    pixels = jnp.clip(pixels, 0, 1)
    return (pixels - jnp.asarray(preprocessing.mean)) / jnp.asarray(preprocessing.std)


evaluate_loss = jax.jit(contrastive_loss, static_argnames="network")


def train_clip(
    folder: Path,
    config: ClipConfig,
    tokeniser: CellTokenizer,
    tokenise: Callable,  # captions -> Tokens
    lesson: Lesson,
) -> TrainState:
    """Trains in `folder`."""
    network = ClipModule(config, fast_dtype())
    size, preprocessing = config.vision_config.image_size, ClipPreprocessing.from_json({}, 0)
    tx = optimiser(lesson.peak, lesson.steps, lesson.cooldown)

    def prepared(step: int, batch: Batch) -> tuple:
        rng, captions = np.random.default_rng((lesson.seed, step)), batch.captions
        tokens = tokenise([*captions, *(contrary(caption, rng) for caption in captions)])
        pictures = jnp.asarray(batch.pictures, jnp.float32) / 255
        half = len(pictures) // 2
        codes = np.asarray(codes_of(batch, tokeniser)[:half])
        broken = break_codes(codes, tokeniser.config.grid, rng)
        remade = jnp.clip(tokeniser.decode(np.concatenate([codes, broken])), 0, 1)
        pictures = jnp.concatenate([remade[:half], pictures[half:], remade[half:]])
        return (
            prepare_pictures(pictures, size, preprocessing),
            jnp.asarray(tokens.input_ids),
            jnp.asarray(tokens.attention_mask, bool),
        )

    judged = prepared(0, lesson.held_out)
    params = jax.jit(network.init)(jax.random.key(lesson.seed), *judged)["params"]
    run = Run(folder)
    state = run.restore(TrainState.begin(params, tx))
    start = int(state.step)

    def judge(state: TrainState) -> None:
        loss, (found, whole) = evaluate_loss(state.average, network, *judged)
        values = {"held_out": loss, "held_out_right": found, "held_out_whole": whole}
        run.log(int(state.step), {name: float(value) for name, value in values.items()})

    return train(
        run,
        state,
        lambda state, batch: update(state, batch, network, tx),
        (prepared(step, batch) for step, batch in enumerate(lesson.batches(start), start)),
        steps=lesson.steps,
        batch_size=lesson.batch_size,
        draw_samples=judge,
    )
