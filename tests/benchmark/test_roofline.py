"""The bound on drawing, against the figures that the formulas were written down with."""

import json

import jax.numpy as jnp
import pytest

from dalle.benchmark.roofline import Work, least_work, program_bytes, step_weights
from dalle.models.bart.config import BartConfig
from dalle.models.bart.decoding import prepare
from dalle.models.bart.network import bart_shapes
from dalle.models.hub.registry import GEOMETRIES
from dalle.models.loading import random_params
from tests.generation.conftest import TINY_BART


def published(name: str) -> BartConfig:
    return BartConfig.from_json(json.loads((GEOMETRIES / f"{name}.json").read_text()))


def test_a_step_takes_the_longer_of_reading_and_multiplying():
    work = Work(operations=(10.0, 40.0), bytes=(6.0, 2.0))
    assert work.seconds(bandwidth=2.0, products=10.0) == 3.0 + 4.0


@pytest.mark.parametrize(("name", "weights"), [("mini", 192.9e6), ("mega", 1241.6e6)])
def test_weights_of_a_step(name, weights):
    assert step_weights(published(name)) == pytest.approx(weights, rel=1e-3)


def test_the_published_geometry_on_a_known_machine():
    # mini, 16 candidates, bfloat16 weights and float32 keys and values; 819 GB/s, 197 TFLOP/s.
    machine = {"bandwidth": 819e9, "products": 197e12}
    work = least_work(published("mini"), 16, weight_bytes=2)
    assert sum(work.operations) == pytest.approx(3.24e12, rel=0.01)
    assert work.seconds(**machine) == pytest.approx(0.251, rel=0.03)
    static = least_work(published("mini"), 16, weight_bytes=2, growing=False)
    assert static.seconds(**machine) == pytest.approx(0.376, rel=0.03)


def test_a_cache_of_half_the_size_is_half_read():
    whole, half, none = (
        least_work(TINY_BART, 4, 4, cache_bytes=size, growing=False).bytes[0] for size in (4, 2, 0)
    )
    assert whole - half == half - none > 0


def test_more_candidates_are_more_work_but_share_the_weights():
    one, four = (least_work(TINY_BART, count, 4) for count in (1, 4))
    assert sum(four.operations) == pytest.approx(4 * sum(one.operations))
    assert sum(one.bytes) < sum(four.bytes) < 4 * sum(one.bytes)


def test_our_steps_move_at_least_what_must_move():
    weights = prepare(random_params(bart_shapes(TINY_BART), 1), TINY_BART, jnp.dtype("float32"))
    moved = program_bytes(weights, 4)
    assert moved > sum(least_work(TINY_BART, 4, 4).bytes)
    # Two programs read all weights twice.
    assert moved < program_bytes(weights, 4, lanes=2) == 2 * program_bytes(weights, 2)
