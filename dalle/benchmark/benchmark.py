"""One benchmark from beginning to end."""

import statistics
from collections.abc import Sequence
from typing import Any

import jax

from dalle.benchmark import min_dalle as peer
from dalle.benchmark.machine_rates import Machine, measure_machine
from dalle.benchmark.precisions import compare_precisions
from dalle.benchmark.report import Report, Row
from dalle.benchmark.roofline import least_work, program_bytes
from dalle.benchmark.stages import StageTimes, load_measured, model_files, peak_memory
from dalle.benchmark.throughput import measure_throughput
from dalle.generation.parallel import lanes_for
from dalle.generation.pipeline import Pipeline
from dalle.generation.precision import product_dtypes
from dalle.generation.run import SLOT_ROWS
from dalle.models.bart.kv_cache import bytes_of_number, cache_dtype
from dalle.models.inspection import Inspection, describe_files


def measure(
    model: str,
    precision: str,
    candidates: Sequence[int],
    runs: int,
    *,
    layers: int | None = None,
    against: str | None = None,
    precisions: bool = False,
    requests: Sequence[int] = (),
) -> Report:
    """Everything that `python -m dalle benchmark` tells; DalleError where it cannot be had."""
    if against:
        peer.set_up()  # before anything is measured
    decoder_dtype, products = product_dtypes(precision)
    with model_files(model, layers) as files:
        machine = measure_machine(decoder_dtype)
        pipeline, loading = load_measured(files, precision)
        inspection = describe_files(files, candidates, products, decoder_dtype)
        times = [StageTimes(pipeline, count) for count in candidates]
        first_preview, cold = StageTimes(pipeline, 9), times[0].run(seed=0)

        rows = []
        for each in times:
            each.runs.clear()
            for seed in range(runs):
                each.run(seed)
            rows.append(make_row(pipeline, each, machine, inspection))
        for seed in range(runs):
            first_preview.first_preview(seed)
        throughput = measure_throughput(pipeline, requests, runs)
        beside = run_in_turn(model, layers, pipeline, runs) if against else {}

    return Report(
        model=files.name,
        revision=pipeline.revision,
        precision=pipeline.precision,
        runs=runs,
        machine=machine,
        loading=loading,
        compiling=cold - rows[0].seconds["total"],
        first_preview=statistics.median(first_preview.first_previews),
        rows=rows,
        throughput=throughput,
        peer=beside,
        precisions=compare_precisions(model) if precisions else [],
    )


def make_row(
    pipeline: Pipeline,
    times: StageTimes,
    machine: Machine,
    inspection: Inspection,
) -> Row:
    """A number of candidates against the roofline of the machine."""
    config, count = pipeline.weights.config, times.candidates
    kernels = pipeline.weights.kernel_dtype
    cached = bytes_of_number(cache_dtype(config, kernels, jax.default_backend()))
    sizes = kernels.itemsize, cached
    rates = machine.bandwidth, machine.products
    least = least_work(config, count, *sizes)
    together = SLOT_ROWS * pipeline.batch_slots
    lanes = lanes_for(pipeline.batch_slots)  # each of them reads all weights
    moved = -(-count // together) * program_bytes(pipeline.weights, together, lanes)
    return Row(
        candidates=count,
        seconds=times.medians,
        bound=least.seconds(*rates),
        bound_static=least_work(config, count, *sizes, growing=False).seconds(*rates),
        traffic=moved / sum(least.bytes),
        peak_memory=peak_memory(),
        estimated_memory=inspection.memory[count].peak,
    )


def run_in_turn(model: str, layers: int | None, pipeline: Pipeline, runs: int) -> dict[str, Any]:
    """The peer's nine pictures and our sixteen candidates, one after the other, several times."""
    ours, theirs = StageTimes(pipeline, 16), []
    with peer.running(model, layers) as other:
        other.generate()  # as ours, it has drawn once before
        for seed in range(runs):
            theirs.append(other.generate())
            ours.run(seed)
    return {
        "name": peer.REQUIREMENTS[0],
        "pictures": peer.PICTURES,
        "candidates": ours.candidates,
        "runs": [{"peer": a, "ours": b["total"]} for a, b in zip(theirs, ours.runs, strict=True)],
        "seconds": statistics.median(theirs),
        "ours": ours.medians["total"],
    }
