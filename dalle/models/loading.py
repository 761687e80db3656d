"""The networks with their weights: from files, or random ones of a published geometry."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from dalle.models.bart import Bart, bart_shapes
from dalle.models.cell_config import CellTokenizerConfig
from dalle.models.cells import CellTokenizer, cell_shapes
from dalle.models.checkpoint import leaf_dtype, read_json, read_params
from dalle.models.clip import Clip, clip_shapes
from dalle.models.config import BartConfig, ClipConfig, VqganConfig
from dalle.models.registry import resolve
from dalle.models.vqgan import Vqgan, vqgan_shapes

Config = BartConfig | VqganConfig | CellTokenizerConfig | ClipConfig

# The parts of an image tokeniser that read pictures, which drawing never does.
READERS = ("encoder", "quant_conv", "reader")

# Not a power of two, so that the repetitions do not line up with the rows of a kernel.
NOISE_VALUES = 1_000_003


def load_bart(source: str | Path, dtype: jnp.dtype = jnp.float32) -> Bart:
    """DALL·E's sequence-to-sequence network, from a folder, a Hub repository or a name.

    `dtype` is that of the products. DalleError where it is not found or does not fit.
    """
    path = resolve(source, "bart")
    config, shapes = read_geometry(path, "bart")
    return Bart(config, make_params(path, shapes, dtype), dtype)


def load_vqgan(
    source: str | Path, dtype: jnp.dtype = jnp.float32, *, reads: bool = True
) -> Vqgan | CellTokenizer:
    """An image tokeniser, of the kind that its config.json names; otherwise as load_bart.

    One that never `reads` pictures has no parameters for `encode`.
    """
    path = resolve(source, "vqgan")
    config, shapes = read_geometry(path, "vqgan")
    unread = () if reads else READERS
    params = make_params(path, shapes, kernel_dtype(config, dtype), unread)
    if isinstance(config, CellTokenizerConfig):
        return CellTokenizer(config, params, dtype)
    return Vqgan.from_params(config, params, dtype)


def load_clip(source: str | Path, dtype: jnp.dtype = jnp.float32) -> Clip:
    """What scores pictures against a text; otherwise as load_bart."""
    path = resolve(source, "clip")
    config, shapes = read_geometry(path, "clip")
    preprocessor = path / "preprocessor_config.json"
    return Clip.from_params(
        config,
        make_params(path, shapes, dtype),
        dtype,
        read_json(preprocessor) if preprocessor.is_file() else None,
    )


def read_geometry(path: Path, part: str) -> tuple[Config, dict[str, Any]]:
    """A part's config and the shapes of its parameters, from its folder or geometry file."""
    published = read_json(path if path.suffix == ".json" else path / "config.json")
    if part == "bart":
        config = BartConfig.from_json(published)
        return config, bart_shapes(config)
    if part == "clip":
        config = ClipConfig.from_json(published)
        return config, clip_shapes(config)
    if published.get("model_type") == CellTokenizerConfig.MODEL_TYPE:
        config = CellTokenizerConfig.from_json(published)
        return config, cell_shapes(config)
    config = VqganConfig.from_json(published)
    return config, vqgan_shapes(config)


def kernel_dtype(config: Config, dtype: jnp.dtype) -> jnp.dtype:
    """A cell tokeniser rounds as it draws: its codes must not depend on the products' dtype."""
    return jnp.float32 if isinstance(config, CellTokenizerConfig) else dtype


def make_params(
    path: Path, shapes: dict[str, Any], dtype: jnp.dtype, unread: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The parameters in a folder but for the `unread` parts, or random ones of a geometry."""
    if path.suffix == ".json":
        return random_params(without(shapes, unread), seed=0, dtype=dtype)
    return read_params(path, shapes, dtype=dtype, unread=unread)


def without(shapes: dict[str, Any], unread: tuple[str, ...]) -> dict[str, Any]:
    """The shapes of all other parts."""
    return {part: shape for part, shape in shapes.items() if part not in unread}


def random_params(
    shapes: dict[str, Any], seed: int, dtype: jnp.dtype = jnp.float32
) -> dict[str, Any]:
    """Parameters for benchmarks: std 0.02, scales around 1; a million values over and over."""
    generator = np.random.default_rng(seed)
    noise = (0.02 * generator.standard_normal(NOISE_VALUES)).astype(np.float32)

    def draw(name: tuple[str, ...], shape: tuple[int, ...]) -> jax.Array:
        values = noise + 1 if name[-1].endswith("scale") else noise
        values = np.roll(values, generator.integers(NOISE_VALUES)).astype(leaf_dtype(name, dtype))
        return jnp.asarray(np.resize(values, shape))

    leaves = flatten_dict(shapes).items()
    return unflatten_dict({name: draw(name, leaf.shape) for name, leaf in leaves})
