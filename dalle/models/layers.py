"""The layers that all networks share; every product goes through `matmul`.

bfloat16 inputs with float32 accumulation is what the matrix units of TPUs and of recent CPUs
compute; asking for it by `preferred_element_type` is the only form that reaches them on a CPU.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.experimental.layout import Layout, with_layout_constraint

ROW_MAJOR = Layout(major_to_minor=(0, 1))


def _product(x: Array, y: Array) -> Array:
    """[M, K] x [K, N] -> [M, N] float32."""
    return lax.dot_general(x, y, (((1,), (0,)), ((), ())), preferred_element_type=jnp.float32)


@jax.custom_vjp
def _bfloat16_product(x: Array, kernel: Array) -> Array:
    """[M, K] x [K, N] -> [M, N] float32, both rounded to bfloat16 first."""
    return _product(x.astype(jnp.bfloat16), kernel.astype(jnp.bfloat16))


def _forward(x: Array, kernel: Array) -> tuple[Array, tuple]:
    rounded = x.astype(jnp.bfloat16), kernel.astype(jnp.bfloat16)
    # Empty arrays carry the dtypes to the backward pass, which only sees rounded values.
    return _product(*rounded), (*rounded, jnp.zeros((0,), x.dtype), jnp.zeros((0,), kernel.dtype))


def _backward(saved: tuple, cotangent: Array) -> tuple[Array, Array]:
    x, kernel, like_x, like_kernel = saved
    cotangent = cotangent.astype(jnp.bfloat16)
    # Left alone, XLA:CPU folds the transposes into the products and falls off the fast path.
    kernel_t = with_layout_constraint(kernel.T, ROW_MAJOR)
    x_t = with_layout_constraint(x.T, ROW_MAJOR)
    return (
        _product(cotangent, kernel_t).astype(like_x.dtype),
        _product(x_t, cotangent).astype(like_kernel.dtype),
    )


_bfloat16_product.defvjp(_forward, _backward)


def matmul(x: Array, kernel: Array, dtype: jnp.dtype) -> Array:
    """[..., K] x [K, N] -> [..., N] float32, computed from `dtype` inputs."""
    rows = x.reshape(-1, x.shape[-1])
    if dtype == jnp.bfloat16:
        product = _bfloat16_product(rows, kernel)
    else:
        product = jnp.dot(rows, kernel, precision=lax.Precision.HIGHEST)
    return product.reshape(*x.shape[:-1], kernel.shape[-1])


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
def _normalise(x: Array, epsilon: Array) -> Array:
    """Mean 0 and variance 1 over the last axis."""
    return _normalise_forward(x, epsilon)[0]


def _normalise_forward(x: Array, epsilon: Array) -> tuple[Array, tuple]:
    centred = x - x.mean(-1, keepdims=True)
    gain = lax.rsqrt(jnp.square(centred).mean(-1, keepdims=True) + epsilon)
    y = centred * gain
    return y, (y, gain)


def _normalise_backward(saved: tuple, cotangent: Array) -> tuple[Array, None]:
    # Fewer passes over memory than what differentiating the forward pass comes to.
    y, gain = saved
    along = (cotangent * y).mean(-1, keepdims=True)
    return gain * (cotangent - cotangent.mean(-1, keepdims=True) - y * along), None


_normalise.defvjp(_normalise_forward, _normalise_backward)


class LayerNorm(nn.Module):
    """Normalisation over the last axis in float32; a published norm may lack its scale."""

    use_scale: bool = True
    epsilon: float = 1e-5

    @nn.compact
    def __call__(self, x: Array) -> Array:
        y = _normalise(x, self.epsilon)
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
    """Softmax attention, [B, H, T, K] x [B, H, S, K] -> [B, H, T, K] float32.

    mask is boolean, broadcast to [B, H, T, S]; False hides a key. The query comes scaled.
    """
    scores = jnp.einsum("bhtk,bhsk->bhts", query, key, precision=lax.Precision.HIGHEST)
    weights = jax.nn.softmax(jnp.where(mask, scores, jnp.finfo(jnp.float32).min), axis=-1)
    return jnp.einsum("bhts,bhsk->bhtk", weights, value, precision=lax.Precision.HIGHEST)


def split_heads(x: Array, heads: int) -> Array:
    """[B, T, D] -> [B, H, T, K]."""
    rows, length, width = x.shape
    return x.reshape(rows, length, heads, width // heads).transpose(0, 2, 1, 3)


def merge_heads(x: Array) -> Array:
    """[B, H, T, K] -> [B, T, D]."""
    rows, heads, length, size = x.shape
    return x.transpose(0, 2, 1, 3).reshape(rows, length, heads * size)


gelu = partial(jax.nn.gelu, approximate=False)


class GroupNorm(nn.Module):
    """Normalisation of [B, H, W, C] in float32, over positions and groups of channels."""

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
