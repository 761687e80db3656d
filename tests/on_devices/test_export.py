"""The functions that draw as one portable program for CPU, CUDA and TPU (jax.export)."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from dalle.models.bart.network import bart_shapes
from tests.generation.conftest import TINY_BART
from tests.on_devices.conftest import Call, decoding, geometry, reading, sampling, scoring

pytestmark = pytest.mark.devices

PLATFORMS = ("cpu", "cuda", "tpu")


def exported(call: Call) -> export.Exported:
    """Through its bytes and back; over leaves, so that no class of ours is in the file."""
    leaves, structure = jax.tree.flatten(call.arguments)

    @jax.jit
    def function(*leaves: jax.Array) -> list[jax.Array]:
        arguments = jax.tree.unflatten(structure, leaves)
        return jax.tree.leaves(call.function(*arguments, **call.static))

    data = export.export(function, platforms=PLATFORMS)(*leaves).serialize()
    return export.deserialize(data)


# float16 is what GPUs without bfloat16 get (T4, V100).
@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
@pytest.mark.parametrize("name", ["mini", "mega"])
def test_bart_is_exported_for_all_platforms(name, dtype):
    config, shapes = geometry(name)
    for call in (
        sampling(config, shapes, "tpu", dtype=dtype),
        reading(config, shapes, dtype=dtype),
    ):
        assert exported(call).platforms == PLATFORMS


@pytest.mark.parametrize("make", [decoding, partial(decoding, dtype=jnp.float16), scoring])
def test_picture_networks_are_exported_for_all_platforms(make):
    assert exported(make()).platforms == PLATFORMS


def test_an_exported_program_samples_the_same_codes():
    config = replace(TINY_BART, image_length=8)
    call = sampling(config, bart_shapes(config), "cpu", dtype=jnp.float32)
    generator = np.random.default_rng(1)

    def fill(leaf: jax.ShapeDtypeStruct) -> jax.Array:
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.random.split(jax.random.key(5, impl="threefry2x32"), leaf.shape)
        if leaf.dtype == jnp.float32:
            return jnp.asarray(generator.standard_normal(leaf.shape), leaf.dtype)
        return jnp.ones(leaf.shape, leaf.dtype)

    arguments = jax.tree.map(fill, call.arguments)
    again = exported(call).call(*jax.tree.leaves(arguments))
    # Last: it may use up what it is given.
    _, codes, probs = call.function(*arguments, **call.static)
    np.testing.assert_array_equal(again[-2], codes)
    np.testing.assert_allclose(again[-1], probs, rtol=1e-5)
