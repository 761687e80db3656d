"""Seconds of each stage of a run, and the memory that the process took."""

import json
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax

from dalle.benchmark.machine_rates import seconds_of
from dalle.generation.loading import assemble
from dalle.generation.pipeline import Pipeline
from dalle.models.checkpoints.folder import read_json
from dalle.models.hub.registry import ModelFiles, locate
from dalle.safety.prompts.filter import PromptFilter

PROMPT = "a red apple on a blue background"
OWN_STATUS = Path("/proc/self/status")


@contextmanager
def model_files(name: str, layers: int | None) -> Iterator[ModelFiles]:
    """The parts of a model; with `layers` those of a random one that has so few in BART."""
    files = locate(name)
    if layers is None:
        yield files
        return
    with tempfile.TemporaryDirectory() as folder:
        geometry = read_json(files.bart) | {"encoder_layers": layers, "decoder_layers": layers}
        shallow = Path(folder) / files.bart.name
        shallow.write_text(json.dumps(geometry))
        yield replace(files, bart=shallow, name=f"{name}, {layers} layers")


def load_measured(files: ModelFiles, precision: str) -> tuple[Pipeline, float]:
    """The model, and the seconds that loading took."""
    started = time.perf_counter()
    pipeline = assemble(files, precision, PromptFilter.load())
    jax.block_until_ready(pipeline.weights)
    return pipeline, time.perf_counter() - started


def knobs_for(candidates: int) -> dict[str, Any]:
    """Generates a number of candidates; `only` allows fewer than the knob does."""
    return {"candidates": max(candidates, 9), "only": range(candidates)}


class StageTimes:
    """The seconds of several runs with the same number of candidates."""

    def __init__(self, pipeline: Pipeline, candidates: int):
        self.pipeline, self.candidates = pipeline, candidates
        self.runs: list[dict[str, float]] = []
        self.first_previews: list[float] = []

    def run(self, seed: int) -> float:
        """Draws once, without previews; the seconds of it all."""
        started = time.perf_counter()
        result = self.pipeline.generate(PROMPT, seed=seed, **knobs_for(self.candidates))
        total = time.perf_counter() - started
        self.runs.append(result.seconds | {"total": total})
        return total

    def first_preview(self, seed: int) -> None:
        """Draws until there is something to see."""
        frames = self.pipeline.stream(PROMPT, seed=seed)
        self.first_previews.append(seconds_of(lambda: next(frames)))
        frames.close()

    @property
    def medians(self) -> dict[str, float]:
        """Seconds by stage, in the order in which they follow each other."""
        return {stage: statistics.median(run[stage] for run in self.runs) for stage in self.runs[0]}


def peak_memory() -> int | None:
    """The most bytes that were in use so far, on the first device or by this process on a CPU."""
    stats = jax.local_devices()[0].memory_stats()
    if stats:
        return stats.get("peak_bytes_in_use")
    if jax.default_backend() != "cpu" or not OWN_STATUS.is_file():
        return None
    return int(re.search(r"VmHWM:\s+(\d+)", OWN_STATUS.read_text())[1]) * 1024
