"""Programs side by side: who goes where, in which order, and what becomes of a fault."""

import threading
from collections.abc import Callable

import jax
import pytest

from dalle.generation import loop
from dalle.generation import parallel as lanes
from dalle.generation.parallel import LANES, lanes_for, side_by_side
from dalle.generation.pipeline import Pipeline
from dalle.generation.sampling import make_params
from dalle.settings import GenerationSettings
from tests.generation.test_loop import rows_with, sample_codes


def test_lanes_run_at_the_same_time_and_keep_their_order():
    everybody = threading.Barrier(LANES, timeout=60)  # broken where one waits for another's end
    assert side_by_side(lambda part: (everybody.wait(), part)[1], [3, 1], LANES) == [3, 1]


def test_a_fault_of_one_is_the_fault_of_all():
    def fail(part: int) -> int:
        if part:
            raise MemoryError(f"part {part}")
        return part

    with pytest.raises(MemoryError, match="part 1"):
        side_by_side(fail, [0, 1], LANES)


def test_only_a_single_cpu_with_even_rows_has_them(monkeypatch):
    assert [lanes_for(rows) for rows in (1, 2, 3, 4)] == [1, LANES, 1, LANES]
    with monkeypatch.context() as patched:
        patched.setattr(lanes.jax, "local_device_count", lambda: 8)
        assert lanes_for(4) == 1
    monkeypatch.setattr(lanes.jax, "default_backend", lambda: "tpu")
    assert lanes_for(4) == 1


def test_prompts_sample_in_lanes_what_they_sample_together(pipeline: Pipeline, monkeypatch):
    prompts = "a red apple", "two blue dogs", "", "a green box"
    rows = rows_with(condition_scale=2.0)
    in_lanes = sample_codes(pipeline, rows, *prompts)
    monkeypatch.setattr(loop, "lanes_for", lambda rows: 1)
    assert (in_lanes == sample_codes(pipeline, rows, *prompts)).all()
    # Each prompt has its own rows, and its own opposite.
    first = jax.tree.map(lambda x: x[:8], rows)
    second = jax.tree.map(lambda x: x[8:], rows)
    assert (in_lanes[:8] == sample_codes(pipeline, first, "a red apple", "")).all()
    assert (in_lanes[8:] == sample_codes(pipeline, second, "two blue dogs", "a green box")).all()


def test_lanes_share_one_program(pipeline: Pipeline, count_compilations: Callable) -> None:
    # Both meet it at the same moment; of a shape that no other test has compiled.
    rows = make_params(GenerationSettings(), 1, range(20))
    with count_compilations() as compiled:
        sample_codes(pipeline, rows, "a red apple", "two blue dogs", "", "")
    assert sum("decode_chunk" in name for name in compiled) == 1, compiled
