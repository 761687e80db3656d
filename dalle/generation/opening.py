"""How a picture opens: its overview, then each code up to and with that of the first thing.

Candidates shall open differently, but each opening as often as the model holds it likely. Drawn
independently, they repeat one another. So the opening is drawn by arithmetic sampling: each
candidate owns a point in [0, 1), each token an interval as long as its odds, and the token is the
one whose interval holds the point. What the point is within the interval is the point for the next
token. Points that lie evenly in [0, 1) then lie evenly among all openings, and each still depends
on its own seed and number alone.

Source: arithmetic sampling, Vilnis et al. 2023, arxiv.org/abs/2210.15458.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import struct
from jax import Array, lax, random

from dalle.generation.sampling import MAX_TOP_K, Rows, in_top_k, in_top_p, scale

NO_CODE = -1
# Of codes for the whole picture: how likely beside the likeliest one must be, and the power to
# which the odds of those are taken; for the first of them, and for the others.
LEAST_ODDS = 0.01, 0.1
EVENED = 1.0, 0.5
RESOLUTION = 2**-24  # of a point in float32


@dataclass(frozen=True)
class Layout:
    """What the codes of a picture stand for, as far as drawing goes by it; known when compiling."""

    overview: int = 0  # so many codes come first and tell about the whole picture
    blank: int = NO_CODE  # the code of a part that nothing stands in


NO_OPENING = Layout()  # of published models


@struct.dataclass
class Opening:
    """How far each row has come in the opening of its picture."""

    points: Array  # [N] float32 in [0, 1), where the row stands among all that may follow
    ended: Array  # [N] bool, whether the first thing has begun


def begin(rows: Rows, layout: Layout) -> Opening:
    """Before the first token."""
    return Opening(rows.points, jnp.full(len(rows.points), layout.overview == 0))


def draw_opening(
    guided: Array,  # [N, V] logits
    prompted: Array,  # [N, V] logits with the prompt, unguided
    later: Array,  # [N] int32, what the rows draw whose opening has ended
    rows: Rows,  # [N]
    opening: Opening,  # [N]
    layout: Layout,
    position: Array,
) -> tuple[Array, Opening]:
    """One token a row, [N] int32, and the opening after it.

    Temperature 0 takes the likeliest code. Where a row's top_k is 0 an opening's codes are drawn
    among the MAX_TOP_K likeliest, as all codes would have to be sorted for it.
    """
    ranked, codes = lax.top_k(guided, min(MAX_TOP_K, guided.shape[1]))
    in_overview = position < layout.overview
    empty = jax.nn.softmax(prompted)[:, layout.blank, None]
    of_part = _odds_of_part(ranked, codes == layout.blank, empty, rows)
    of_overview = _odds_of_overview(ranked, position == 0, rows)
    odds = jnp.where(in_overview, of_overview, of_part)
    odds = jnp.where(in_top_p(odds, rows), odds, 0)
    keys = jax.vmap(random.fold_in, (0, None))(rows.keys, position)
    best, points = _locate(odds, opening.points, keys)
    best = jnp.where(rows.temperature > 0, best, 0)
    tokens = jnp.take_along_axis(codes, best[:, None], axis=1)[:, 0].astype(jnp.int32)
    tokens = jnp.where(opening.ended, later, tokens)
    ended = opening.ended | (~in_overview & (tokens != layout.blank))
    return tokens, Opening(points, ended)


def _odds_of_overview(ranked: Array, first: Array, rows: Rows) -> Array:
    """Of a code for the whole picture, [N, M] logits, likeliest first -> [N, M].

    What a model is cooled for is that parts fit together. A choice for the whole picture, such as
    the drawing's style, has nothing before it to fit to, and cooled it nearly always falls alike.
    Any style that the thing is drawn in is as right as another, so the odds are evened out, but
    only among likely ones. The first code is the look: most pictures shall be plain where none is
    asked for, and a few in one of the looks, so it keeps the odds that the model was shown.
    Source of the threshold: min-p, arxiv.org/abs/2407.01082.
    """
    scaled = scale(ranked, jnp.maximum(rows.temperature, 1))
    least, power = (jnp.where(first, *values) for values in (LEAST_ODDS, EVENED))
    permitted = in_top_k(ranked, rows) & (scaled > jnp.log(least))
    return jax.nn.softmax(jnp.where(permitted, power * scaled, -jnp.inf))


def _odds_of_part(ranked: Array, blank: Array, empty: Array, rows: Rows) -> Array:
    """Of a code where nothing stands yet, [N, M] logits, likeliest first -> [N, M].

    Whether the first thing begins here, or the part stays `empty` [N, 1], has the odds that the
    model was shown: cooled or guided, nearly all would begin at the same place. What begins is
    guided and cooled as all the rest: there are many places where nothing begins, and the few unfit
    codes of each would add up to many unfit beginnings.
    """
    permitted = in_top_k(ranked, rows) & ~blank
    # Not minus infinity: where blank alone is permitted that would be no numbers at all.
    things = jnp.where(permitted, ranked, jnp.finfo(ranked.dtype).min)
    begins = (1 - empty) * jax.nn.softmax(scale(things, rows.temperature))
    return jnp.where(blank, empty, jnp.where(permitted, begins, 0))


def _locate(odds: Array, points: Array, keys: Array) -> tuple[Array, Array]:
    """Whose interval holds the point, and where in it: [N, M], [N] -> [N], [N] in [0, 1).

    Each token takes from a point as many bits as it tells. Random bits of the row's own follow
    below the last one, so that it never runs out of them.
    """
    ends = jnp.cumsum(odds, axis=1)
    sought = points * ends[:, -1]
    # The sums are rounded, so that they may seem to grow where there is nothing.
    chosen = ((ends > sought[:, None]) & (odds > 0)).argmax(1)
    end, width = (jnp.take_along_axis(x, chosen[:, None], axis=1)[:, 0] for x in (ends, odds))
    bits = jax.vmap(random.key_data)(keys)[:, 0]
    finer = (bits >> 8).astype(jnp.float32) * RESOLUTION**2
    return chosen, jnp.clip((sought - (end - width) + finer) / width, 0, 1 - RESOLUTION)
