"""Muon: an optimiser that moves all directions of a matrix equally far.

Rare things are learned from fewer pictures than by AdamW. optax has it too, but with float32
products alone; here they are of the dtype that the machine multiplies fastest.

Source: kellerjordan.github.io/posts/muon.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.experimental.layout import with_layout_constraint

from dalle.models.hardware import fast_dtype
from dalle.models.layers import ROW_MAJOR, matmul

MOMENTUM = 0.95
COEFFICIENTS = (3.4445, -4.775, 2.0315)
ROUNDS = 4


def orthogonalise(matrix: Array) -> Array:
    """The nearest matrix whose singular values are all about 1, by Newton-Schulz steps."""
    rows, columns = matrix.shape
    if rows > columns:
        return orthogonalise(matrix.T).T
    (a, b, c), dtype = COEFFICIENTS, fast_dtype()
    x = matrix / (jnp.linalg.norm(matrix) + 1e-7)
    for _ in range(ROUNDS):
        # Left alone, XLA:CPU folds the transpose into a several times slower product.
        square = matmul(x, with_layout_constraint(x.T, ROW_MAJOR), dtype)
        x = a * x + matmul(b * square + c * matmul(square, square, dtype), x, dtype)
    return x


class MuonState(NamedTuple):
    momentum: optax.Updates


def scale_by_muon() -> optax.GradientTransformation:
    """Nesterov momentum, orthogonalised; every parameter must be a matrix."""

    def update(
        updates: optax.Updates, state: MuonState, params: optax.Params | None = None
    ) -> tuple[optax.Updates, MuonState]:
        momentum = jax.tree.map(lambda m, g: MOMENTUM * m + g, state.momentum, updates)

        def step(gradient: Array, mean: Array) -> Array:
            rows, columns = gradient.shape
            ahead = gradient + MOMENTUM * mean
            return max(1.0, columns / rows) ** 0.5 * orthogonalise(ahead)

        return jax.tree.map(step, updates, momentum), MuonState(momentum)

    return optax.GradientTransformation(
        lambda params: MuonState(jax.tree.map(jnp.zeros_like, params)), update
    )


def muon_with_adam(
    rate: optax.Schedule,
    muon_rate: float,
    is_product: Callable[[str, Array], bool],
    b2: float,
    is_trained: Callable[[str], bool] = lambda name: True,
) -> optax.GradientTransformation:
    """Muon at `muon_rate` times `rate` where `is_product(name, leaf)`; Adam for the rest.

    Parameters for which `is_trained(name)` is false stay as they are, at no cost.
    """

    def labels(params: optax.Params) -> optax.Params:
        def label(path: tuple, leaf: Array) -> str:
            name = jax.tree_util.keystr(path, simple=True, separator="/")
            if not is_trained(name):
                return "kept"
            return "product" if is_product(name, leaf) else "other"

        return jax.tree_util.tree_map_with_path(label, params)

    products = optax.chain(
        scale_by_muon(),
        optax.add_decayed_weights(0.01),
        optax.scale_by_learning_rate(lambda step: muon_rate * rate(step)),
    )
    others = optax.chain(optax.scale_by_adam(b1=0.9, b2=b2), optax.scale_by_learning_rate(rate))
    return optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.partition(
            {"product": products, "other": others, "kept": optax.set_to_zero()}, labels
        ),
    )
