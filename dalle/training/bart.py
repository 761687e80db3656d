"""Trains BART: from a caption to the codes of its picture."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from dalle.models.bart.config import BartConfig
from dalle.models.bart.network import BartNetwork
from dalle.models.cells.network import CellTokenizer
from dalle.models.hardware import fast_dtype
from dalle.text.tokenize import Tokens
from dalle.training.data import Batch, Lesson
from dalle.training.optimiser import muon_with_adam
from dalle.training.run import TrainState, learning_rate
from dalle.training.session import Session

EMA_DECAY = 0.9995  # of the weights that are shipped
WARMUP = 60  # steps
MUON_RATE = 8  # times the rate of Adam
SHORT_TEXT = 48  # tokens: each length of text is a program of its own, so there are two
UNPROMPTED = 0.12  # share of captions left empty, for guidance


def optimiser(
    peak: float,
    steps: int,
    cooldown: float,
    is_trained: Callable[[str], bool] = lambda name: True,
) -> optax.GradientTransformation:
    """Muon for the layers' products; Adam at `peak` for embeddings, head and norms."""
    return muon_with_adam(
        learning_rate(peak, WARMUP, steps, cooldown),
        MUON_RATE,
        lambda name, leaf: "/layers/" in name and leaf.ndim == 2,
        b2=0.98,
        is_trained=is_trained,
    )


def first_params(network: BartNetwork, seed: int) -> dict[str, Any]:
    """Random parameters; a low gain after each attention steadies the first hour."""
    config = network.config
    text = jnp.zeros((1, config.max_text_length), jnp.int32)
    image = jnp.zeros((1, config.image_length), jnp.int32)
    params = jax.jit(network.init)(jax.random.key(seed), text, text, image)["params"]

    def start(path: tuple, leaf: Array) -> Array:
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        after_attention = "LayerNorm_1/scale" in name or "LayerNorm_3/scale" in name
        return 0.3 * leaf if after_attention else leaf

    return jax.tree_util.tree_map_with_path(start, params)


def shifted(codes: Array, start: int) -> Array:
    """The decoder's input for `codes` [B, T]: the start token, then all but the last."""
    return jnp.pad(codes[:, :-1], ((0, 0), (1, 0)), constant_values=start)


def token_loss(
    params: dict,
    network: BartNetwork,
    ids: Array,
    mask: Array,
    codes: Array,
) -> tuple[Array, Array]:
    """Mean cross-entropy in nats a code, and the share of codes guessed right."""
    read = shifted(codes, network.config.decoder_start_token_id)
    logits = network.apply({"params": params}, ids, mask, read)
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, codes)
    return losses.mean(), (logits.argmax(-1) == codes).mean()


@partial(jax.jit, static_argnames=("network", "tx"), donate_argnames="state")
def update(
    state: TrainState,
    batch: tuple,
    rate: Array,
    network: BartNetwork,
    tx: optax.GradientTransformation,
) -> tuple[TrainState, dict[str, Array]]:
    """One step on (ids [B, S], mask [B, S], codes [B, T]), at `rate` times the learning rate."""
    gradient = jax.value_and_grad(token_loss, has_aux=True)
    (value, right), gradients = gradient(state.params, network, *batch)
    metrics = {"loss": value, "right": right, "gradient": optax.tree.norm(gradients)}
    return state.after(gradients, tx, EMA_DECAY, rate=rate), metrics


evaluate_loss = jax.jit(token_loss, static_argnames="network")


def encoded(
    batches: Iterator[Batch], tokenizer: CellTokenizer, tokenize: Callable, start: int, seed: int
) -> Iterator[tuple]:
    """Examples to (ids, mask, codes), some captions left empty, the same on every run."""
    for step, batch in enumerate(batches, start):
        rng = np.random.default_rng((seed, step))
        kept = ["" if rng.random() < UNPROMPTED else caption for caption in batch.captions]
        yield (*texts(tokenize(kept)), codes_of(batch, tokenizer))


def texts(tokens: Tokens) -> tuple[Array, Array]:
    """Ids and mask [B, S], S = SHORT_TEXT where every row has room in that."""
    short = int(tokens.attention_mask.sum(1).max()) <= SHORT_TEXT
    length = SHORT_TEXT if short else None
    return jnp.asarray(tokens.input_ids[:, :length]), jnp.asarray(tokens.attention_mask[:, :length])


def codes_of(batch: Batch, tokenizer: CellTokenizer) -> Array:
    """[B, T]."""
    things = jnp.asarray(batch.foregrounds, jnp.float32) / 255
    return tokenizer.encode_layers(things, jnp.asarray(batch.headers))


def train_bart(
    folder: Path,
    config: BartConfig,
    tokenizer: CellTokenizer,
    tokenize: Callable,  # captions -> Tokens
    save_samples: Callable[[Path, dict], None],  # sample sheet at a path, from params
    lesson: Lesson,
) -> TrainState:
    """Trains in `folder`."""
    network = BartNetwork(config, fast_dtype())
    session = Session(folder, lesson, optimiser, first_params(network, lesson.seed))

    judged = {
        name: (*texts(tokenize(batch.captions)), codes_of(batch, tokenizer))
        for name, batch in ({"held_out": lesson.held_out} | lesson.watched).items()
    }
    codes = judged["held_out"][-1]
    unprompted = (*texts(tokenize([""] * len(codes))), codes)

    def evaluate(state: TrainState) -> None:
        values = {}
        for name, batch in judged.items():
            values[name], values[f"{name}_right"] = evaluate_loss(state.average, network, *batch)
        values["held_out_unprompted"], _ = evaluate_loss(state.average, network, *unprompted)
        session.run.log(int(state.step), {name: float(value) for name, value in values.items()})
        save_samples(folder / f"samples-{int(state.step):06}.png", state.average)

    start = session.start
    batches = encoded(lesson.batches(start), tokenizer, tokenize, start, lesson.seed)
    return session.train(partial(update, network=network), batches, evaluate)
