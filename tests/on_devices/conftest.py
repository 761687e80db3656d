"""The functions that draw, with shapes in place of arrays; figures are printed at the end."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from dalle.generation.arithmetic_sampling import ArithmeticState
from dalle.generation.loop import decode_chunk
from dalle.generation.sampling import SamplingParams
from dalle.models.bart import network as bart
from dalle.models.bart.config import BartConfig
from dalle.models.bart.decoding import cross_attention_cache, prepare
from dalle.models.bart.kv_cache import cache_dtype, empty_cache
from dalle.models.clip import network as clip
from dalle.models.hub.registry import GEOMETRIES
from dalle.models.image_tokenizer import NO_HEADER
from dalle.models.layers import prepare_params
from dalle.models.loading import read_geometry
from dalle.models.memory_estimate import DECODED_TOGETHER, SAMPLED_TOGETHER
from dalle.models.sharding import ROWS
from dalle.models.vqgan import network as vqgan
from tests.on_devices.splitting import PARTS, split_decoder

FIGURES: list[str] = []


@pytest.fixture
def figures() -> list[str]:
    return FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.section("compiled for devices that are not here")
        for line in FIGURES:
            terminalreporter.write_line(line)


@dataclass(frozen=True)
class Call:
    """A jitted function, the shapes that it is called with, and its static arguments."""

    function: Callable
    arguments: tuple
    static: dict[str, Any]


def shape(dimensions: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(dimensions, dtype)


def placed(tree: Any, mesh: Mesh | None, places: P) -> Any:
    """The shapes, all in the same place of a mesh; as they are without one."""
    if mesh is None:
        return tree
    place = NamedSharding(mesh, places)
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=place), tree)


def geometry(name: str) -> tuple[Any, dict]:
    part = {"mini": "bart", "mega": "bart", "vqgan_f16_16384": "vqgan"}.get(name, "clip")
    return read_geometry(GEOMETRIES / f"{name}.json", part)


def sampling(
    config: BartConfig,
    shapes: dict,
    backend: str,
    mesh: Mesh | None = None,
    dtype: jnp.dtype = jnp.bfloat16,
) -> Call:
    """The last chunk of tokens, which has the largest cache, for SAMPLED_TOGETHER candidates."""
    weights = jax.eval_shape(partial(prepare, config=config, dtype=dtype), shapes)
    memory = shape((2, config.max_text_length, config.d_model), jnp.float32)
    cross = jax.eval_shape(cross_attention_cache, weights, memory, shape(memory.shape[:2], bool))
    length, count = config.image_length, SAMPLED_TOGETHER
    cache = jax.eval_shape(
        partial(empty_cache, config, 2 * count, length, cache_dtype(config, dtype, backend))
    )
    keys = jax.eval_shape(
        lambda: jax.random.split(jax.random.key(0, impl="threefry2x32"), SAMPLED_TOGETHER)
    )
    real, whole = shape((count,), jnp.float32), shape((count,), jnp.int32)
    rows = SamplingParams(
        keys=keys, points=real, condition_scale=real, temperature=real, top_k=whole, top_p=real
    )
    tokens = shape((2 * count,), jnp.int32)

    split = mesh is not None and PARTS in mesh.axis_names
    heads = PARTS if split else None
    if split:
        weights = jax.tree.map(
            lambda x, place: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=place),
            weights,
            split_decoder(weights, mesh),
        )
    else:
        weights = placed(weights, mesh, P())
    arguments = (
        weights,
        placed(cross, mesh, P()),
        placed(rows, mesh, P(ROWS)),
        placed(tokens, mesh, P(ROWS)),
        placed(cache, mesh, P(ROWS, heads)),
        placed(ArithmeticState(real, shape((count,), bool)), mesh, P(ROWS)),
        placed(shape((count, length // 4), jnp.int32), mesh, P(ROWS)),
        shape((), jnp.int32),
    )
    static = {
        "count": length // 4, "known": config.image_vocab_size, "layout": NO_HEADER
    }  # fmt: skip
    return Call(decode_chunk, arguments, static)


def reading(
    config: BartConfig,
    shapes: dict,
    mesh: Mesh | None = None,
    dtype: jnp.dtype = jnp.bfloat16,
) -> Call:
    """A prompt to its memory."""
    ids = placed(shape((1, config.max_text_length), jnp.int32), mesh, P())
    params = jax.eval_shape(partial(prepare_params, dtype=dtype), shapes)
    network = bart.BartNetwork(config, dtype)
    return Call(
        partial(bart._encode, network),
        (placed({"model": {"encoder": params["model"]["encoder"]}}, mesh, P()), ids, ids),
        {},
    )


def decoding(
    batch: int = DECODED_TOGETHER, mesh: Mesh | None = None, dtype: jnp.dtype = jnp.bfloat16
) -> Call:
    """Codes to pictures."""
    config, shapes = geometry("vqgan_f16_16384")
    params = jax.eval_shape(partial(prepare_params, dtype=dtype), shapes)
    codes = placed(shape((batch, config.grid**2), jnp.int32), mesh, P(ROWS))
    function = partial(vqgan._apply, config, jnp.dtype(dtype), "decode")
    return Call(function, (placed(params, mesh, P()), codes), {})


def scoring(batch: int = DECODED_TOGETHER, mesh: Mesh | None = None) -> Call:
    """Pictures to CLIP's vectors."""
    config, shapes = geometry("clip_vit_base_patch32")
    side = config.vision_config.image_size
    pixels = placed(shape((batch, side, side, 3), jnp.float32), mesh, P(ROWS))
    function = partial(clip._apply, config, jnp.dtype(jnp.float32), "embed_images")
    return Call(function, (placed(shapes, mesh, P()), pixels), {})
