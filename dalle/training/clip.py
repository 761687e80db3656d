"""Trains CLIP on the same pictures: which caption goes with which picture.

Each picture is compared with the captions of the batch, and with its own caption with one word
changed (another colour, number or side). Without these, the right thing alone would be enough and
the ranking would learn nothing finer. Half of the pictures have been through the image tokenizer,
as the pictures to be ranked have.
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

from dalle.models.cells.network import CellTokenizer
from dalle.models.clip.config import ClipConfig
from dalle.models.clip.network import ClipModule
from dalle.models.clip.preprocess import ClipPreprocessing
from dalle.models.hardware import fast_dtype
from dalle.training.bart import codes_of
from dalle.training.data import Batch, Lesson
from dalle.training.optimiser import muon_with_adam
from dalle.training.run import TrainState, learning_rate
from dalle.training.scenes.colours import COLOUR_NAMES, COLOURS
from dalle.training.session import Session

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


def optimiser(
    peak: float,
    steps: int,
    cooldown: float,
    is_trained: Callable[[str], bool] = lambda name: True,
) -> optax.GradientTransformation:
    """Muon for the layers' products; Adam at `peak` for embeddings, projections and norms."""
    return muon_with_adam(
        learning_rate(peak, WARMUP, steps, cooldown),
        MUON_RATE,
        lambda name, leaf: "/layers/" in name and name.endswith("kernel"),
        b2=0.98,
        is_trained=is_trained,
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
) -> tuple[Array, Array]:
    """Cross-entropy both ways; pictures are [B], texts [2B]: captions, then their contraries.

    Also returns the share of pictures whose own caption is the likeliest of the 2B.
    """
    scores = network.apply({"params": params}, pixel_values, ids, mask)  # [B, 2B]
    right = jnp.arange(len(scores))
    by_text = optax.softmax_cross_entropy_with_integer_labels(scores[:, : len(scores)].T, right)
    # An empty contrary is no competitor.
    empty = mask.sum(1) <= 2
    scores = jnp.where(empty[None] & (jnp.arange(len(ids)) >= len(scores))[None], -1e9, scores)
    by_picture = optax.softmax_cross_entropy_with_integer_labels(scores, right)
    return (by_picture.mean() + by_text.mean()) / 2, (scores.argmax(1) == right).mean()


@partial(jax.jit, static_argnames=("network", "tx"), donate_argnames="state")
def update(
    state: TrainState,
    batch: tuple,
    rate: Array,
    network: ClipModule,
    tx: optax.GradientTransformation,
) -> tuple[TrainState, dict[str, Array]]:
    """One step on (pixel_values [B, H, W, 3], ids [2B, S], mask [2B, S])."""
    gradient = jax.value_and_grad(contrastive_loss, has_aux=True)
    (value, found), gradients = gradient(state.params, network, *batch)

    def limit(params: dict) -> dict:
        return params | {"logit_scale": jnp.minimum(params["logit_scale"], LARGEST_SCALE)}

    metrics = {"loss": value, "right": found}
    return state.after(gradients, tx, EMA_DECAY, limit, rate), metrics


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
    tokenizer: CellTokenizer,
    tokenize: Callable,  # captions -> Tokens
    lesson: Lesson,
) -> TrainState:
    """Trains in `folder`."""
    network = ClipModule(config, fast_dtype())
    size, preprocessing = config.vision_config.image_size, ClipPreprocessing.from_json({}, 0)

    def prepared(step: int, batch: Batch) -> tuple:
        rng, captions = np.random.default_rng((lesson.seed, step)), batch.captions
        tokens = tokenize([*captions, *(contrary(caption, rng) for caption in captions)])
        pictures = jnp.asarray(batch.pictures, jnp.float32) / 255
        half = len(pictures) // 2
        codes = codes_of(batch, tokenizer)[:half]
        remade = jnp.clip(tokenizer.decode_small(codes), 0, 1)
        pictures = jnp.concatenate([remade, pictures[half:]])
        return (
            prepare_pictures(pictures, size, preprocessing),
            jnp.asarray(tokens.input_ids),
            jnp.asarray(tokens.attention_mask, bool),
        )

    judged = prepared(0, lesson.held_out)
    params = jax.jit(network.init)(jax.random.key(lesson.seed), *judged)["params"]
    session = Session(folder, lesson, optimiser, params)

    def judge(state: TrainState) -> None:
        loss, found = evaluate_loss(state.average, network, *judged)
        values = {"held_out": loss, "held_out_right": found}
        session.run.log(int(state.step), {name: float(value) for name, value in values.items()})

    steps = enumerate(lesson.batches(session.start), session.start)
    batches = (prepared(step, batch) for step, batch in steps)
    return session.train(partial(update, network=network), batches, judge)
