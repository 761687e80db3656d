"""Random weights of a published geometry."""

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict

from dalle.models import load_clip
from dalle.models.hub import registry
from dalle.models.hub.registry import locate, resolve
from dalle.models.loading import random_params


def test_a_random_model_has_the_published_geometry_and_no_file():
    files = locate("random:mini")
    assert files.bart == registry.GEOMETRIES / "mini.json"
    assert resolve(files.vqgan, "vqgan") == registry.GEOMETRIES / "vqgan_f16_16384.json"
    assert locate("random:mega").revision != files.revision


def test_random_parameters_are_like_those_of_a_model_before_training():
    shapes = {
        "a": {"kernel": jax.ShapeDtypeStruct((300, 200), jnp.float32)},
        "b": {"kernel": jax.ShapeDtypeStruct((300, 200), jnp.float32)},
        "norm": {"scale": jax.ShapeDtypeStruct((500,), jnp.float32)},
        "logit_scale": jax.ShapeDtypeStruct((), jnp.float32),
    }
    params = random_params(shapes, seed=1, dtype=jnp.bfloat16)
    assert jax.tree.map(jnp.shape, params) == jax.tree.map(lambda leaf: leaf.shape, shapes)
    assert params["a"]["kernel"].dtype == jnp.bfloat16
    assert params["norm"]["scale"].dtype == jnp.float32
    kernel = np.asarray(params["a"]["kernel"], np.float32)
    # 60,000 draws: the deviation is known to 0.3 %, bfloat16 rounds to 0.4 %.
    np.testing.assert_allclose([kernel.mean() + 0.02, kernel.std()], 0.02, rtol=0.03)
    np.testing.assert_allclose(params["norm"]["scale"].mean(), 1, atol=0.005)
    assert not np.array_equal(params["a"]["kernel"], params["b"]["kernel"])
    again = random_params(shapes, seed=1, dtype=jnp.bfloat16)
    for name, leaf in flatten_dict(params).items():
        np.testing.assert_array_equal(leaf, flatten_dict(again)[name])


def test_a_random_model_loads():
    clip = load_clip("random:mini", dtype=jnp.bfloat16)
    assert clip.config.vision_config.patch_size == 32
