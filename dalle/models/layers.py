"""The layers that all networks share; every product goes through `matmul`.

The matrix units of TPUs and of recent CPUs take bfloat16 inputs and accumulate in float32. On a CPU
only `preferred_element_type` reaches them. float16 inputs with float32 accumulation are the same on
GPUs that do not know bfloat16.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.experimental.layout import Layout, with_layout_constraint

ROW_MAJOR = Layout(major_to_minor=(0, 1))
HALF = (jnp.bfloat16, jnp.float16)


def _product(x: Array, y: Array) -> Array:
    """[rows, inputs] x [inputs, outputs] -> [rows, outputs] float32."""
    return lax.dot_general(x, y, (((1,), (0,)), ((), ())), preferred_element_type=jnp.float32)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _half_product(x: Array, kernel: Array, dtype: jnp.dtype) -> Array:
    """As above, both operands rounded to a `dtype` of 16 bits first."""
    return _product(x.astype(dtype), kernel.astype(dtype))


def _forward(x: Array, kernel: Array, dtype: jnp.dtype) -> tuple[Array, tuple]:
    rounded = x.astype(dtype), kernel.astype(dtype)
    # Empty arrays carry the dtypes to the backward pass, which only sees rounded values.
    return _product(*rounded), (*rounded, jnp.zeros((0,), x.dtype), jnp.zeros((0,), kernel.dtype))


def _backward(dtype: jnp.dtype, saved: tuple, cotangent: Array) -> tuple[Array, Array]:
    x, kernel, like_x, like_kernel = saved
    cotangent = cotangent.astype(dtype)
    # Left alone, XLA:CPU folds the transposes into the products and falls off the fast path.
    kernel_t = with_layout_constraint(kernel.T, ROW_MAJOR)
    x_t = with_layout_constraint(x.T, ROW_MAJOR)
    return (
        _product(cotangent, kernel_t).astype(like_x.dtype),
        _product(x_t, cotangent).astype(like_kernel.dtype),
    )


_half_product.defvjp(_forward, _backward)


def matmul(x: Array, kernel: Array, dtype: jnp.dtype) -> Array:
    """[..., inputs] x [inputs, outputs] -> [..., outputs] float32, computed from `dtype` inputs."""
    rows = x.reshape(-1, x.shape[-1])
    if dtype in HALF:
        linear = _half_product(rows, kernel, jnp.dtype(dtype))
    else:
        linear = jnp.dot(rows, kernel, precision=lax.Precision.HIGHEST)
    return linear.reshape(*x.shape[:-1], kernel.shape[-1])


class Linear(nn.Module):
    """A product with a learned kernel [in, features], and a bias where asked for."""

    features: int
    use_bias: bool = False
    dtype: jnp.dtype = jnp.float32
    init_std: float = 0.02

    @nn.compact
    def __call__(self, x: Array) -> Array:
        shape = (x.shape[-1], self.features)
        y = matmul(
            x, self.param("kernel", nn.initializers.normal(self.init_std), shape), self.dtype
        )
        if self.use_bias:
            y = y + self.param("bias", nn.initializers.zeros, (self.features,))
        return y


@jax.custom_vjp
def _normalize(x: Array, epsilon: Array) -> Array:
    """Mean 0 and variance 1 over the last axis."""
    return _normalize_forward(x, epsilon)[0]


def _normalize_forward(x: Array, epsilon: Array) -> tuple[Array, tuple]:
    centred = x - x.mean(-1, keepdims=True)
    gain = lax.rsqrt(jnp.square(centred).mean(-1, keepdims=True) + epsilon)
    y = centred * gain
    return y, (y, gain)


def _normalize_backward(saved: tuple, cotangent: Array) -> tuple[Array, None]:
    # Fewer passes over memory than differentiating the forward pass.
    y, gain = saved
    along = (cotangent * y).mean(-1, keepdims=True)
    return gain * (cotangent - cotangent.mean(-1, keepdims=True) - y * along), None


_normalize.defvjp(_normalize_forward, _normalize_backward)


class LayerNorm(nn.Module):
    """Normalization over the last axis in float32; a published norm may lack its scale."""

    use_scale: bool = True
    epsilon: float = 1e-5

    @nn.compact
    def __call__(self, x: Array) -> Array:
        y = _normalize(x, self.epsilon)
        if self.use_scale:
            y = y * self.param("scale", nn.initializers.ones, (x.shape[-1],))
        return y + self.param("bias", nn.initializers.zeros, (x.shape[-1],))


class Embedding(nn.Module):
    """A table looked up by row."""

    rows: int
    features: int
    init_std: float = 0.02

    @nn.compact
    def __call__(self, ids: Array) -> Array:
        shape = (self.rows, self.features)
        return self.param("embedding", nn.initializers.normal(self.init_std), shape)[ids]


def attention(query: Array, key: Array, value: Array, mask: Array) -> Array:
    """Softmax attention, [B, A, T, K] x [B, A, S, K] -> [B, A, T, K] float32.

    mask is boolean, broadcast to [B, A, T, S]; False hides a key. The query comes scaled.
    """
    scores = jnp.einsum("batk,bask->bats", query, key, precision=lax.Precision.HIGHEST)
    weights = jax.nn.softmax(jnp.where(mask, scores, jnp.finfo(jnp.float32).min), axis=-1)
    return jnp.einsum("bats,bask->batk", weights, value, precision=lax.Precision.HIGHEST)


def split_heads(x: Array, heads: int) -> Array:
    """[B, T, D] -> [B, A, T, K]."""
    rows, length, width = x.shape
    return x.reshape(rows, length, heads, width // heads).transpose(0, 2, 1, 3)


def merge_heads(x: Array) -> Array:
    """[B, A, T, K] -> [B, T, D]."""
    rows, heads, length, size = x.shape
    return x.transpose(0, 2, 1, 3).reshape(rows, length, heads * size)


gelu = partial(jax.nn.gelu, approximate=False)


class GroupNorm(nn.Module):
    """Normalization of [B, H, W, C] in float32, over positions and groups of channels."""

    groups: int
    epsilon: float = 1e-6

    @nn.compact
    def __call__(self, x: Array) -> Array:
        channels = x.shape[-1]

        def average(values: Array) -> Array:
            # Over positions first: twice as fast on a CPU as over [positions, channels of a group].
            by_group = values.mean((1, 2)).reshape(-1, self.groups, channels // self.groups)
            return jnp.repeat(by_group.mean(-1), channels // self.groups, axis=1)[:, None, None]

        mean = average(x)  # [B, 1, 1, C]
        variance = jnp.maximum(average(jnp.square(x)) - jnp.square(mean), 0.0)
        scale = self.param("scale", nn.initializers.ones, (channels,))
        bias = self.param("bias", nn.initializers.zeros, (channels,))
        scale = scale * lax.rsqrt(variance + self.epsilon)
        return x * scale + (bias - mean * scale)


def prepare_params(params: dict, dtype: jnp.dtype) -> dict:
    """A published tree on the device: the kernels in `dtype`, everything else in float32."""

    def prepare(path: tuple, leaf: Array) -> Array:
        return jnp.asarray(leaf, dtype if path[-1].key == "kernel" else jnp.float32)

    return jax.tree_util.tree_map_with_path(prepare, params)
