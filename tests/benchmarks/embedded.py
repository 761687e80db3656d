"""Seconds of the embedded model once warm: medians of several runs, and the memory of the process.

python -m tests.benchmarks.embedded [MODEL] [RUNS]
"""

import os
import resource
import statistics
import sys
import time

import jax

import dalle


def main(model: str = "nano", runs: str = "7") -> None:
    started = time.perf_counter()
    pipeline = dalle.load(model)
    loaded = time.perf_counter() - started
    pipeline.generate("a red apple", seed=0)
    warm = time.perf_counter() - started
    first, whole, stages = [], [], []
    for seed in range(int(runs)):
        began = time.perf_counter()
        frames = pipeline.stream("a red apple on a blue background", seed=seed)
        next(frames)
        first.append(time.perf_counter() - began)
        *_, result = frames
        whole.append(time.perf_counter() - began)
        stages.append(result.seconds)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # KiB on Linux
    print(f"jax {jax.__version__}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before us")
    print(f"{pipeline.name} {pipeline.revision} {pipeline.precision}, medians of {runs} runs")
    print(f"load {loaded:.1f} s, ready with everything compiled {warm:.1f} s")
    print(f"first preview {statistics.median(first):.2f} s")
    print(f"nine of sixteen {statistics.median(whole):.2f} s")
    for stage in stages[0]:
        print(f"  {stage:10}{statistics.median(run[stage] for run in stages):6.2f} s")
    print(f"peak resident memory {memory:.2f} GiB")


if __name__ == "__main__":
    main(*sys.argv[1:])
