"""The networks with their weights: from files, or random ones of a published geometry."""

from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from dalle.models.bart.config import BartConfig
from dalle.models.bart.network import Bart, bart_shapes
from dalle.models.checkpoints.checkpoint import leaf_dtype, read_params
from dalle.models.checkpoints.folder import CONFIG, read_json
from dalle.models.clip.config import ClipConfig
from dalle.models.clip.network import Clip, clip_shapes
from dalle.models.hub.registry import resolve
from dalle.models.image_tokenizer import ImageTokenizer, ImageTokenizerConfig
from dalle.models.published_config import read
from dalle.models.tokenizer_registry import IMAGE_TOKENIZERS, tokenizer_class

Config = BartConfig | ImageTokenizerConfig | ClipConfig

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
) -> ImageTokenizer:
    """An image tokenizer of the model_type in its config.json; otherwise as load_bart.

    One that never `reads` pictures has no parameters for `encode`.
    """
    path = resolve(source, "vqgan")
    config, shapes = read_geometry(path, "vqgan")
    unread = () if reads else config.READERS
    params = make_params(path, shapes, config.kernel_dtype(dtype), unread)
    return tokenizer_class(config).from_params(config, params, dtype)


def load_clip(source: str | Path, dtype: jnp.dtype = jnp.float32) -> Clip:
    """The network that scores pictures against a text; otherwise as load_bart."""
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
    published = read_json(path if path.suffix == ".json" else path / CONFIG)
    config = parse_config(published, part)
    return config, shapes_of(config)


def parse_config(published: dict[str, Any], part: str) -> Config:
    """A part's config; CheckpointError names a field that is missing or that cannot be."""
    if part == "bart":
        return BartConfig.from_json(published)
    if part == "clip":
        return ClipConfig.from_json(published)
    known = Literal[tuple(IMAGE_TOKENIZERS)]
    kind = read("model_type", published.get("model_type", ""), known)
    return IMAGE_TOKENIZERS[kind].Config.from_json(published)


def shapes_of(config: Config) -> dict[str, Any]:
    """The tree of a network's parameters, as shapes."""
    match config:
        case BartConfig():
            return bart_shapes(config)
        case ClipConfig():
            return clip_shapes(config)
    return tokenizer_class(config).shapes(config)


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

    def random_leaf(name: tuple[str, ...], shape: tuple[int, ...]) -> jax.Array:
        values = noise + 1 if name[-1].endswith("scale") else noise
        values = np.roll(values, generator.integers(NOISE_VALUES)).astype(leaf_dtype(name, dtype))
        return jnp.asarray(np.resize(values, shape))

    leaves = flatten_dict(shapes).items()
    return unflatten_dict({name: random_leaf(name, leaf.shape) for name, leaf in leaves})
