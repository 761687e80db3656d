"""The parts of the image tokeniser, which are learned one after another, and the whole of them.

codes    what each code stands for; found, not trained
things   how codes look beside each other
dye      what a tint makes of things
finish   what a look makes of a picture
reader   the encoder
"""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import serialization

from dalle.errors import DalleError
from dalle.models.cell_config import CellTokenizerConfig
from dalle.models.cells import CellNetwork, cell_shapes
from dalle.models.hardware import fast_dtype
from dalle.training.runs import Run, TrainState, write_atomically


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


def first_params(config: CellTokenizerConfig, seed: int) -> dict[str, Any]:
    """Random parameters of the whole."""
    pixels = jnp.zeros((1, config.resolution, config.resolution, 3))
    network = CellNetwork(config, fast_dtype())
    return dict(jax.jit(network.init)(jax.random.key(seed), pixels)["params"])


def begin_part(
    config: CellTokenizerConfig, part: str, tx: optax.GradientTransformation, seed: int
) -> TrainState:
    """Step 0 of one part of the decoder."""
    return TrainState.begin(first_params(config, seed)["decoder"][part], tx)


def restore_part(
    folder: Path, config: CellTokenizerConfig, part: str, tx: optax.GradientTransformation
) -> dict[str, Any]:
    """What the run in `folder` has learned of a part; random parameters before its first step."""
    return Run(folder).restore(begin_part(config, part, tx, seed=0)).average


def begin_reader(
    config: CellTokenizerConfig, tx: optax.GradientTransformation, seed: int
) -> TrainState:
    """Step 0 of the encoder."""
    return TrainState.begin(first_params(config, seed)["reader"], tx)


def take_apart(params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The encoder, and what is known before it: `codes`, `things`, `dye` and `finish`."""
    return params["reader"], {"codes": params["codes"], **params["decoder"]}


def join(reader: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """The reverse of `take_apart`."""
    decoder = {part: params for part, params in known.items() if part != "codes"}
    return {"codes": known["codes"], "decoder": decoder, "reader": reader}
