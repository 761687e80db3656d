"""The operations that drawing spends its time in, in each form that was tried: GFLOP/s, in turn.

    python -m tests.benchmarks.operations [RUNS]

Of mini's geometry, in float32 where nothing else is said: a layer's products with 32 rows (sixteen
candidates with and without the prompt), their attention over 256 tokens, and the convolutions of
VQGAN-f16 for four pictures.
"""

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from dalle.models.bart.decoding import linear, quantize_rows
from dalle.models.bart.kv_cache import LayerCache, PackedLayerCache
from dalle.models.convolutions.conv import Conv, DoublingConv
from dalle.models.hardware import EIGEN_CONVOLVES
from dalle.models.int8_matmul import without_sign

ROWS, WIDTH, OUT, LAYERS = 32, 1024, 4096, 12
HEADS, SIZE, LENGTH = 16, 64, 256
SIDES = ((32, 256), (64, 256), (128, 128), (256, 128))  # of the convolutions, and their channels
Form = tuple[Callable[..., Array], tuple]  # a compiled function and its arguments


def rates(forms: dict[str, Form], operations: float, runs: int) -> None:
    """Prints the median rate of each form."""
    taken: dict[str, list[float]] = {name: [] for name in forms}
    for turn in range(runs + 1):
        for name, (function, arguments) in forms.items():
            started = time.perf_counter()
            jax.block_until_ready(function(*arguments))
            if turn:  # the first one compiles
                taken[name].append(time.perf_counter() - started)
    for name, seconds in taken.items():
        print(f"  {name:44}{operations / statistics.median(seconds) / 1e9:8.1f}", flush=True)


def multiply(x: Array, y: Array, along: tuple[int, int]) -> Array:
    dimensions = (((along[0],), (along[1],)), ((), ()))
    return lax.dot_general(x, y, dimensions, lax.Precision.HIGHEST, jnp.float32)


def random(*shape: int) -> Array:
    return jax.random.normal(jax.random.key(len(shape)), shape)


def products(runs: int) -> None:
    print(f"products of {ROWS} rows, [{ROWS}, {WIDTH}] by {LAYERS} of [{WIDTH}, {OUT}]")
    rows, kernels = random(ROWS, WIDTH), [random(OUT, WIDTH) for _ in range(LAYERS)]
    upright = [kernel.T.copy() for kernel in kernels]

    def each(form: Callable[[Array, Array], Array]) -> Callable:
        return jax.jit(lambda rows, kernels: [form(rows, kernel) for kernel in kernels])

    as_stored = each(lambda x, w: multiply(x, w, (1, 1)))
    whole = [quantize_rows(kernel) for kernel in kernels]
    unsigned = [weight | {"kernel": without_sign(weight["kernel"])} for weight in whole]
    forms = {
        "rows first, kernel [in, out]": (each(lambda x, w: multiply(x, w, (1, 0))), upright),
        "rows first, kernel [out, in]": (as_stored, kernels),
        "kernel [out, in] first, transposed after": (
            each(lambda x, w: multiply(w, x, (1, 1)).T), kernels),
        "kernel first, by the BLAS of numpy": (
            lambda x, kernels: [kernel @ np.asarray(x).T for kernel in kernels],
            [np.asarray(kernel) for kernel in kernels]),
        "what is used": (each(lambda x, w: linear(x, {"kernel": w})), kernels),
        "the same in bfloat16": (
            each(lambda x, w: linear(x, {"kernel": w})),
            [kernel.astype(jnp.bfloat16) for kernel in kernels]),
        "int8 x int8, with rounding": (each(linear), whole),
        "uint8 x int8, with rounding": (each(linear), unsigned),
    }  # fmt: skip
    operations = 2.0 * ROWS * WIDTH * OUT * LAYERS
    rates({name: (form, (rows, which)) for name, (form, which) in forms.items()}, operations, runs)


def attention(runs: int) -> None:
    print(f"attention of {ROWS} rows over {LENGTH} tokens")
    query = random(ROWS, HEADS, SIZE)
    cache = random(ROWS, HEADS, LENGTH, SIZE), random(ROWS, HEADS, LENGTH, SIZE) + 1
    seen = jnp.ones(LENGTH, bool)

    def by_sums(query: Array, keys: Array, values: Array, seen: Array) -> Array:
        scores = jnp.where(seen, (query[:, :, None] * keys).sum(-1), -jnp.inf)
        return (jax.nn.softmax(scores)[..., None] * values).sum(2)

    tokens_first = [x.transpose(2, 0, 1, 3).copy() for x in cache]

    def by_tokens(query: Array, keys: Array, values: Array, seen: Array) -> Array:
        scores = jnp.where(seen, jnp.einsum("rhk,trhk->rht", query, keys), -jnp.inf)
        return jnp.einsum("rht,trhk->rhk", jax.nn.softmax(scores), values)

    packed = PackedLayerCache.empty(ROWS, HEADS, LENGTH, SIZE)
    write = jax.jit(PackedLayerCache.write, donate_argnums=0)
    for position in range(LENGTH):
        packed = write(packed, *(x[:, :, position] for x in cache), position)
    attend = jax.jit(lambda cache, query, seen: cache.attend(query, seen))
    forms = {
        "cache [T, R, H, K]": (jax.jit(by_tokens), (query, *tokens_first, seen)),
        "multiplied and summed": (jax.jit(by_sums), (query, *cache, seen)),
        "what is used in float32": (attend, (LayerCache(*cache), query, seen)),
        "what is used in bfloat16": (attend, (packed, query, seen)),
    }
    rates(forms, 4.0 * ROWS * HEADS * LENGTH * SIZE, runs)


def convolutions(side: int, channels: int, runs: int) -> None:
    print(f"3 x 3 convolution of 4 pictures, {side} x {side}, {channels} channels")
    x, conv, doubling = random(4, side, side, channels), Conv(channels), DoublingConv()
    params, half = conv.init(jax.random.key(0), x), x[:, ::2, ::2]

    def doubled_first(params: dict, half: Array) -> Array:
        return conv.apply(params, half.repeat(2, 1).repeat(2, 2))

    by_eigen = partial(jax.jit, compiler_options=EIGEN_CONVOLVES)
    forms = {
        "by YNNPACK": (jax.jit(conv.apply), (params, x)),
        "by Eigen": (by_eigen(conv.apply), (params, x)),
        "of a doubled picture, doubled first": (by_eigen(doubled_first), (params, half)),
        "the same by sums of taps, as if it were not": (by_eigen(doubling.apply), (params, half)),
    }
    rates(forms, 2.0 * 4 * side**2 * 9 * channels**2, runs)


def main(runs: str = "5") -> None:
    print(f"jax {jax.__version__}, GFLOP/s, medians of {runs} runs")
    products(int(runs))
    attention(int(runs))
    for side, channels in SIDES:
        convolutions(side, channels, int(runs))


if __name__ == "__main__":
    main(*sys.argv[1:])
