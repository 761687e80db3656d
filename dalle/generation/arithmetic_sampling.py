"""How a picture opens: its overview, then each code up to and with that of the first thing.

Candidates that are sampled independently repeat one another. Arithmetic sampling spreads them:
each candidate has a point in [0, 1), each token an interval as wide as its probability, and the
token whose interval contains the point is taken. The point's relative position in that interval
is carried to the next step. Points that are spread evenly thus give openings in proportion to
their probability, and each candidate still depends on its own seed and number alone.

Source: arithmetic sampling, Vilnis et al. 2023, arxiv.org/abs/2210.15458.
"""

import jax
import jax.numpy as jnp
from flax import struct
from jax import Array, lax, random

from dalle.generation.sampling import MAX_TOP_K, SamplingParams, in_top_k, in_top_p, scale
from dalle.models.image_tokenizer import TokenLayout

# Of codes for the whole picture: how likely beside the likeliest one must be, and the power to
# which the probabilities of those are taken; for the first of them, and for the others.
LEAST_PROBABILITY = 0.01, 0.1
EVENED = 1.0, 0.5
RESOLUTION = 2**-24  # of a point in float32


@struct.dataclass
class ArithmeticState:
    """How far each row has come in the opening of its picture."""

    points: Array  # [N] float32 in [0, 1), where the row stands among all that may follow
    ended: Array  # [N] bool, whether the first thing has begun


def begin(params: SamplingParams, layout: TokenLayout) -> ArithmeticState:
    """Before the first token."""
    return ArithmeticState(params.points, jnp.full(len(params.points), layout.overview == 0))


def sample_header(
    guided: Array,  # [N, V] logits
    prompted: Array,  # [N, V] logits with the prompt, unguided
    later: Array,  # [N] int32, tokens of the rows whose opening has ended
    kept: Array,  # [N] int32, codes that are forced; below 0 where one is sampled
    params: SamplingParams,  # [N]
    state: ArithmeticState,  # [N]
    layout: TokenLayout,
    position: Array,
) -> tuple[Array, ArithmeticState]:
    """One token a row, [N] int32, and the opening after it; a kept code is taken as it is.

    Temperature 0 takes the likeliest code. Where a row's top_k is 0 an opening's codes are drawn
    among the MAX_TOP_K likeliest, as all codes would have to be sorted for it.
    """
    ranked, codes = lax.top_k(guided, min(MAX_TOP_K, guided.shape[1]))
    in_overview = position < layout.overview
    empty = jax.nn.softmax(prompted)[:, layout.blank, None]
    of_part = _cell_probs(ranked, codes == layout.blank, empty, params)
    of_overview = _header_probs(ranked, position == 0, params)
    probs = jnp.where(in_overview, of_overview, of_part)
    probs = jnp.where(in_top_p(probs, params), probs, 0)
    keys = jax.vmap(random.fold_in, (0, None))(params.keys, position)
    best, points = _locate(probs, state.points, keys)
    best = jnp.where(params.temperature > 0, best, 0)
    tokens = jnp.take_along_axis(codes, best[:, None], axis=1)[:, 0].astype(jnp.int32)
    tokens = jnp.where(state.ended, later, tokens)
    tokens = jnp.where(kept < 0, tokens, kept)
    points = jnp.where(kept < 0, points, state.points)  # a forced code takes no bits of it
    ended = state.ended | (~in_overview & (tokens != layout.blank))
    return tokens, ArithmeticState(points, ended)


def _header_probs(ranked: Array, first: Array, params: SamplingParams) -> Array:
    """Of a code for the whole picture, [N, M] logits, likeliest first -> [N, M].

    Cooling makes parts fit together. A choice for the whole picture, such as
    the drawing's style, has nothing before it to fit to, and cooled it nearly always falls alike.
    Any style that the thing is drawn in is as right as another, so the probabilities are
    flattened, but only among likely ones. The first code is the look: it keeps the probabilities of
    training, since most pictures shall be plain where no look is asked for.
    Source of the threshold: min-p, arxiv.org/abs/2407.01082.
    """
    scaled = scale(ranked, jnp.maximum(params.temperature, 1))
    least, power = (jnp.where(first, *values) for values in (LEAST_PROBABILITY, EVENED))
    permitted = in_top_k(ranked, params) & (scaled > jnp.log(least))
    return jax.nn.softmax(jnp.where(permitted, power * scaled, -jnp.inf))


def _cell_probs(ranked: Array, blank: Array, empty: Array, params: SamplingParams) -> Array:
    """Of a code where nothing stands yet, [N, M] logits, likeliest first -> [N, M].

    Whether the first thing begins here, or the part stays `empty` [N, 1], has the probabilities of
    training: cooled or guided, nearly all would begin at the same place. Guidance and temperature
    apply to the first thing as to the rest: there are many places where nothing begins, and the few
    unfit codes of each would add up to many unfit beginnings.
    """
    permitted = in_top_k(ranked, params) & ~blank
    # Not minus infinity: where blank alone is permitted that would be no numbers at all.
    things = jnp.where(permitted, ranked, jnp.finfo(ranked.dtype).min)
    begins = (1 - empty) * jax.nn.softmax(scale(things, params.temperature))
    return jnp.where(blank, empty, jnp.where(permitted, begins, 0))


def _locate(probs: Array, points: Array, keys: Array) -> tuple[Array, Array]:
    """Whose interval holds the point, and where in it: [N, M], [N] -> [N], [N] in [0, 1).

    Each token uses up bits of the point, as many as its information. Random bits of the row's own
    follow below the last one, so that it never runs out of them.
    """
    ends = jnp.cumsum(probs, axis=1)
    sought = points * ends[:, -1]
    # The sums are rounded, so that they may seem to grow where there is nothing.
    chosen = ((ends > sought[:, None]) & (probs > 0)).argmax(1)
    end, width = (jnp.take_along_axis(x, chosen[:, None], axis=1)[:, 0] for x in (ends, probs))
    bits = jax.vmap(random.key_data)(keys)[:, 0]
    finer = (bits >> 8).astype(jnp.float32) * RESOLUTION**2
    return chosen, jnp.clip((sought - (end - width) + finer) / width, 0, 1 - RESOLUTION)
