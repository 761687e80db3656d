"""The parts of the image tokenizer, which are learned one after another, and the whole of them.

codes    the vectors of cells; found, not trained
grounds  the tiles behind finished pictures; found, not trained
things   how codes look beside each other
finisher how drawn things are finished
dye      the tints of things
finish   the looks of pictures
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
from dalle.files import write_atomically
from dalle.models.cells.config import CellTokenizerConfig
from dalle.models.cells.network import CellNetwork, cell_shapes
from dalle.models.hardware import fast_dtype
from dalle.training.run import Run, TrainState

WHOLE = ("codes", "grounds")  # beside the decoder


def write_codes(path: Path, codes: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, serialization.to_bytes(codes))


def read_codes(path: Path, config: CellTokenizerConfig, part: str = "codes") -> dict[str, Any]:
    """The found codes, or grounds, as parameters; DalleError where there are none that fit."""
    expected = jax.tree.map(lambda leaf: np.zeros(leaf.shape), cell_shapes(config)[part])
    try:
        codes = serialization.from_bytes(expected, path.read_bytes())
    except FileNotFoundError:
        raise DalleError(
            f"there are no {part} in {path}; run `python -m dalle train {part}` first."
        ) from None
    if jax.tree.map(np.shape, codes) != jax.tree.map(np.shape, expected):
        raise DalleError(
            f"{path} holds {part} of another size than the model's; run `python -m dalle train "
            f"{part}` again, or choose another run folder."
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


def deepened(things: dict[str, Any], config: CellTokenizerConfig, seed: int) -> dict[str, Any]:
    """The decoder of things with as many blocks as `config` has; new ones add nothing at first."""
    new = first_params(config, seed)["decoder"]["things"]
    more = {name: block for name, block in new.items() if name not in things}
    return things | {
        name: block | {"out": jax.tree.map(jnp.zeros_like, block["out"])}
        for name, block in more.items()
    }


def restore_part(
    folder: Path, config: CellTokenizerConfig, part: str, tx: optax.GradientTransformation
) -> dict[str, Any]:
    """The weights of a part that the run in `folder` has learned; random parameters before its
    first step."""
    return Run(folder).restore(begin_part(config, part, tx, seed=0)).average


def begin_reader(
    config: CellTokenizerConfig, tx: optax.GradientTransformation, seed: int
) -> TrainState:
    """Step 0 of the encoder."""
    return TrainState.begin(first_params(config, seed)["reader"], tx)


def take_apart(params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The encoder, and the parts known before it: `codes`, `things`, `dye`, `finish` and so on."""
    others = {part: params[part] for part in WHOLE if part in params}
    return params["reader"], others | params["decoder"]


def join(reader: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """The reverse of `take_apart`."""
    whole = {part: params for part, params in known.items() if part in WHOLE}
    decoder = {part: params for part, params in known.items() if part not in WHOLE}
    return whole | {"decoder": decoder, "reader": reader}
