"""The decoder's products: the same whichever operand comes first."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.models.bart.decoding import FEW_ROWS, linear, quantize_rows


def operands(rows: int) -> tuple[jax.Array, dict[str, jax.Array]]:
    x, kernel, bias = (
        jax.random.normal(jax.random.key(number), shape)
        for number, shape in enumerate([(rows, 40), (24, 40), (24,)])
    )
    return x, {"kernel": kernel, "bias": bias}


@pytest.mark.parametrize("rows", [1, 2, FEW_ROWS, FEW_ROWS + 1])
def test_a_product_is_the_product(rows: int):
    x, weight = operands(rows)
    exact = np.float64(x) @ np.float64(weight["kernel"]).T + np.float64(weight["bias"])
    y = jax.jit(linear)(x, weight)
    assert (y.shape, y.dtype) == ((rows, 24), jnp.float32)
    np.testing.assert_allclose(y, exact, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("platform", "rows", "first"),
    [("cpu", 3, "24x40"), ("cpu", FEW_ROWS + 1, "65x40"), ("cuda", 3, "3x40"), ("tpu", 3, "3x40")],
)
def test_few_rows_come_second_on_a_cpu(platform: str, rows: int, first: str):
    traced = jax.jit(linear).trace(*operands(rows))
    program = traced.lower(lowering_platforms=(platform,)).as_text()
    (line,) = (line for line in program.splitlines() if "dot_general" in line)
    assert f"(tensor<{first}xf32>" in line


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.int8])
def test_they_do_so_in_every_precision(dtype: jnp.dtype):
    x, weight = operands(3)
    floats, kernel = jnp.float32(weight["kernel"]), weight["kernel"].astype(dtype)
    weight |= quantize_rows(floats) if dtype == jnp.int8 else {"kernel": kernel}
    program = jax.jit(linear).trace(x, weight).lower(lowering_platforms=("cpu",)).as_text()
    (line,) = (line for line in program.splitlines() if "dot_general" in line)
    assert "(tensor<24x40x" in line
    difference = jnp.abs(linear(x, weight) - linear(x, operands(3)[1])).max()
    assert 0 < difference < 0.2  # rounded, and no more than that


def test_the_compiler_leaves_them_there():
    program = jax.jit(linear).lower(*operands(3)).compile().as_text()
    assert "f32[24,3]" in program
    # What it would make of the same product without the barrier.
    swapped = jax.jit(lambda x, weight: (weight["kernel"] @ x.T).T + weight["bias"])
    assert "f32[24,3]" not in swapped.lower(*operands(3)).compile().as_text()
