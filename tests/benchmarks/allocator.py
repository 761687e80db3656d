"""What memory settings do for drawing: a process with each and one without draw in turn.

    python -m tests.benchmarks.allocator [MODEL] [RUNS]

The settings are those that the server starts with, and those of training. Seconds of the processor,
which a busy machine changes little, and of the clock. Ratios are of runs one right after the other.
"""

import os
import statistics
import subprocess
import sys

from dalle.runtime.malloc import LARGE_PAGES, SETTINGS

PROGRAM = """
import sys, time, dalle
pipeline = dalle.load(sys.argv[1])
pipeline.generate("a red apple", seed=0)
print("ready", flush=True)
for seed, _ in enumerate(sys.stdin):
    started = time.perf_counter(), time.process_time()
    seconds = pipeline.generate("a red apple", seed=seed).seconds
    ended = time.perf_counter(), time.process_time()
    print(ended[1] - started[1], ended[0] - started[0], seconds["drawing"], seconds["decoding"],
          flush=True)
"""
FIGURES = ("processor", "clock", "drawing", "decoding")


def start(model: str, settings: dict[str, str]) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, model],
        env=os.environ | settings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.readline()
    return process


def generate(process: subprocess.Popen) -> list[float]:
    process.stdin.write("\n")
    process.stdin.flush()
    return [float(word) for word in process.stdout.readline().split()]


def main(model: str = "nano", runs: str = "15") -> None:
    ways = {"without": {}, "large pages": LARGE_PAGES, "as in training": SETTINGS}
    processes = {name: start(model, settings) for name, settings in ways.items()}
    try:
        turns = [
            {name: generate(process) for name, process in processes.items()}
            for _ in range(int(runs))
        ]
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
    print(f"{model}, {runs} turns, load {os.getloadavg()[0]:.1f}; seconds, and times as fast")
    for index, figure in enumerate(FIGURES):
        for name in ways:
            taken = [turn[name][index] for turn in turns]
            ratios = sorted(turn["without"][index] / turn[name][index] for turn in turns)
            print(
                f"{figure:10}{name:15}{statistics.median(taken):7.2f} "
                f"{statistics.median(ratios):6.2f} "
                f"(quartiles {ratios[len(ratios) // 4]:.2f} to {ratios[-1 - len(ratios) // 4]:.2f})"
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
