"""Whether training's memory settings help drawing too: two processes draw in turn.

    python -m tests.benchmarks.allocator [MODEL] [RUNS]

Seconds of the processor, which a busy machine changes little, and of the clock. Ratios are of pairs
that ran one right after the other.
"""

import os
import statistics
import subprocess
import sys

from dalle.training.allocator import SETTINGS

DRAWER = """
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
NAMES = ("processor", "clock", "drawing", "decoding")


def start(model: str, settings: dict[str, str]) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", DRAWER, model],
        env=os.environ | settings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.readline()
    return process


def draw(process: subprocess.Popen) -> list[float]:
    process.stdin.write("\n")
    process.stdin.flush()
    return [float(word) for word in process.stdout.readline().split()]


def main(model: str = "nano", runs: str = "15") -> None:
    plain, kept = start(model, {}), start(model, SETTINGS)
    try:
        pairs = [(draw(plain), draw(kept)) for _ in range(int(runs))]
    finally:
        for process in (plain, kept):
            process.kill()
            process.wait()
    print(f"{model}, {runs} pairs, load {os.getloadavg()[0]:.1f}")
    for index, name in enumerate(NAMES):
        without, with_settings = ([pair[side][index] for pair in pairs] for side in (0, 1))
        ratios = sorted(a / b for a, b in zip(without, with_settings, strict=True))
        print(
            f"{name:10}{statistics.median(without):6.2f} s without, "
            f"{statistics.median(with_settings):6.2f} s with; "
            f"{statistics.median(ratios):.2f} times as fast "
            f"(quartiles {ratios[len(ratios) // 4]:.2f} to {ratios[-1 - len(ratios) // 4]:.2f})"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
