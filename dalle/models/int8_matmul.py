"""uint8 x int8 matrix products for CPUs with VNNI.

XLA leaves uint8 x int8 to instructions that sum four products at once; int8 x int8 takes two to
three times as long on such processors (tests/benchmarks/operations.py). `lax.dot_general` would
widen operands of two dtypes first, so that this product is an operation of its own.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.extend.mlir import ir
from jax.extend.mlir.dialects import stablehlo
from jax.interpreters import mlir

OFFSET = 128  # zero point: int8 + OFFSET is uint8

_multiply = Primitive("multiply_bytes")


@jax.jit
def int8_matmul(unsigned: Array, signed: Array) -> Array:
    """[rows, inputs] uint8 x [outputs, inputs] int8 -> [rows, outputs] int32, exactly."""
    if (unsigned.dtype, signed.dtype) != (jnp.uint8, jnp.int8):
        raise TypeError(f"{unsigned.dtype} x {signed.dtype} was given; it must be uint8 x int8")
    return _multiply.bind(unsigned, signed)


def without_sign(x: Array) -> Array:
    """int8 -> uint8: adds OFFSET to each number."""
    return lax.bitcast_convert_type(x, jnp.uint8) ^ jnp.uint8(OFFSET)


@_multiply.def_abstract_eval
def _shape(unsigned: ShapedArray, signed: ShapedArray) -> ShapedArray:
    return ShapedArray((unsigned.shape[0], signed.shape[0]), jnp.int32)


def _lower(context: mlir.LoweringRuleContext, *operands: ir.Value) -> Sequence[ir.Value]:
    axes = stablehlo.DotDimensionNumbers.get([], [], [1], [1])
    result = mlir.aval_to_ir_type(context.module_context, context.avals_out[0])
    return [stablehlo.dot_general(result, *operands, axes)]


mlir.register_lowering(_multiply, _lower)
